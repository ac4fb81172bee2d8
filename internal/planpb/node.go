package planpb

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	nullTag  = "!!null"
	textTag  = "!!str"
	boolTag  = "!!bool"
	intTag   = "!!int"
	floatTag = "!!float"
	dateTag  = "!!timestamp"
)

// trail is the path to a value, written out only when there is something to say about it.
type trail struct {
	up    *trail // nil at the root
	name  string // of a field, or key of an entry
	form  step
	index int // of an element
}

// step is how one part of a path is written.
type step uint8

const (
	byField step = iota
	byIndex
	byKey
)

// String is the path in the form of violations: "journeys[0].name[\"nb\"]"; "" at the root.
func (t *trail) String() string {
	if t == nil {
		return ""
	}
	up := t.up.String()
	switch {
	case t.form == byIndex:
		return fmt.Sprintf("%s[%d]", up, t.index)
	case t.form == byKey:
		return fmt.Sprintf("%s[%q]", up, clip(t.name))
	case up == "":
		return t.name
	default:
		return up + "." + t.name
	}
}

// plain refuses what YAML can do and a plan must not.
func (r *reader) plain(n *yaml.Node, path *trail) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		r.fail(n.Line, path, "aliases (*%s) are not read; write the value out", clip(n.Value))
	case n.Anchor != "":
		r.fail(n.Line, path, "anchors (&%s) are not read; leave it out", clip(n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		r.fail(n.Line, path, "tags (%s) are not read; leave it out", clip(n.Tag))
	default:
		return true
	}
	return false
}

// message reads a mapping into a message, or one of the short forms into what has one.
func (r *reader) message(n *yaml.Node, m protoreflect.Message, at *place, path *trail) {
	if !r.plain(n, path) || r.short(n, m, path) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n.Line, path, "this must be a mapping with keys such as %s, not %s", example(m.Descriptor()), kindOf(n))
		return
	}
	for i := 0; i+1 < len(n.Content) && !r.full(); i += 2 {
		r.field(n.Content[i], n.Content[i+1], m, at, path)
	}
}

// field reads one key of a mapping and its value into a field.
func (r *reader) field(key, value *yaml.Node, m protoreflect.Message, at *place, path *trail) {
	name, ok := r.key(key, path)
	if !ok {
		return
	}
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(name))
	if fd == nil {
		where := path.String()
		if where != "" {
			where = " in " + where
		}
		r.fail(key.Line, path, "unknown key %q%s%s", clip(name), where, didYouMean(name, fieldNames(m.Descriptor())))
		return
	}
	path = &trail{up: path, name: name}
	here, known := at.child(name, r.file, key.Line)
	if known {
		// At the root, lists go on from file to file.
		if at != &r.sources.root || !fd.IsList() || here.file == r.file {
			r.again(key.Line, path, name, here)
			return
		}
		here.file, here.line = r.file, key.Line
	}
	switch {
	case value.Kind == yaml.ScalarNode && value.Tag == nullTag && (fd.IsList() || fd.IsMap()):
		r.plain(value, path)
	case fd.IsList():
		r.list(value, m, fd, here, path)
	case fd.IsMap():
		r.entries(value, m, fd, here, path)
	case fd.Message() != nil:
		r.message(value, m.Mutable(fd).Message(), here, path)
	default:
		if v, ok := r.scalar(value, fd, path); ok {
			m.Set(fd, v)
		}
	}
}

// again reports a key that was read before.
func (r *reader) again(line int, path *trail, name string, first *place) {
	r.fail(line, path, "the key %q stands here again, it was first in %s", clip(name), r.sources.position(first))
}

// key reads the key of a mapping.
func (r *reader) key(n *yaml.Node, path *trail) (string, bool) {
	switch {
	case !r.plain(n, path):
		return "", false
	case n.Kind != yaml.ScalarNode:
		r.fail(n.Line, path, "a key must be a text, not %s", kindOf(n))
		return "", false
	case n.Tag == "!!merge":
		r.fail(n.Line, path, "merge keys (<<) are not read; write the values out")
		return "", false
	case n.Tag != textTag:
		r.fail(n.Line, path, "the key %s is %s; put it in quotes to make it a text", clip(n.Value), kindOf(n))
		return "", false
	}
	return n.Value, true
}

// list reads a sequence and appends it to a field.
func (r *reader) list(n *yaml.Node, m protoreflect.Message, fd protoreflect.FieldDescriptor, at *place, path *trail) {
	if !r.plain(n, path) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		r.fail(n.Line, path, "this must be a list, not %s", kindOf(n))
		return
	}
	list := m.Mutable(fd).List()
	for _, element := range n.Content {
		if r.full() {
			return
		}
		within := &trail{up: path, form: byIndex, index: list.Len()}
		here := at
		if fd.Message() != nil || element.Line != at.line { // else the place of the list says as much
			here, _ = at.child(strconv.Itoa(list.Len()), r.file, element.Line)
		}
		if fd.Message() != nil {
			r.message(element, list.AppendMutable().Message(), here, within)
			continue
		}
		v, ok := r.scalar(element, fd, within)
		if !ok {
			v = list.NewElement() // keeps the indexes of what follows
		}
		list.Append(v)
	}
}

// entries reads a mapping into a map field.
func (r *reader) entries(n *yaml.Node, m protoreflect.Message, fd protoreflect.FieldDescriptor, at *place, path *trail) {
	if !r.plain(n, path) {
		return
	}
	if n.Kind != yaml.MappingNode {
		r.fail(n.Line, path, "this must be a mapping, not %s", kindOf(n))
		return
	}
	entries := m.Mutable(fd).Map()
	for i := 0; i+1 < len(n.Content) && !r.full(); i += 2 {
		key, ok := r.key(n.Content[i], path)
		if !ok {
			continue
		}
		within := &trail{up: path, name: key, form: byKey}
		if here, known := at.child(key, r.file, n.Content[i].Line); known {
			r.again(n.Content[i].Line, within, key, here)
			continue
		}
		if v, ok := r.scalar(n.Content[i+1], fd.MapValue(), within); ok {
			entries.Set(protoreflect.ValueOfString(key).MapKey(), v)
		}
	}
}

// kindOf names a node for a person.
func kindOf(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "a mapping"
	}
	if n.Kind == yaml.SequenceNode {
		return "a list"
	}
	switch n.Tag {
	case nullTag:
		return "nothing"
	case boolTag:
		return "a yes or no"
	case intTag, floatTag:
		return "a number"
	case dateTag:
		return "a date"
	}
	return "a text"
}

func fieldNames(md protoreflect.MessageDescriptor) []string {
	names := make([]string, md.Fields().Len())
	for i := range names {
		names[i] = string(md.Fields().Get(i).Name())
	}
	return names
}

// example names the first fields of a message.
func example(md protoreflect.MessageDescriptor) string {
	names := fieldNames(md)
	return strings.Join(names[:min(len(names), 3)], ", ")
}
