package planpb

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// inline is the width, in bytes, up to which a list or mapping of scalars is written on one line.
const inline = 96

// Marshal writes a plan as one YAML file, in the order of the contract, so that [ReadFS] reads the same plan from it.
// It fails for what YAML or a plan cannot say: numbers that are none, enum values without a name, durations beyond 292
// years, moments outside the years 1 to 9999, text that is no UTF-8.
func Marshal(plan *veiviserv1.Plan) ([]byte, error) {
	root, err := writeMessage(plan.ProtoReflect())
	if err != nil {
		return nil, refused(err, "the plan cannot be written: %v", err)
	}
	root.Style = 0
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(root), enc.Close()); err != nil {
		return nil, refused(err, "the plan cannot be written: %v", err)
	}
	return out.Bytes(), nil
}

// writeMessage writes what is set of a message, or its short form.
func writeMessage(m protoreflect.Message) (*yaml.Node, error) {
	if s, short, err := writeShort(m.Interface()); short || err != nil {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: s}, err
	}
	node := &yaml.Node{Kind: yaml.MappingNode}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !m.Has(fd) {
			continue
		}
		value, err := writeField(fd, m.Get(fd))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fd.Name(), err)
		}
		if fd.IsMap() && reckoned(m.Interface()) {
			value.Style = yaml.FlowStyle
		}
		node.Content = append(node.Content, text(string(fd.Name())), value)
	}
	return flow(node), nil
}

func writeField(fd protoreflect.FieldDescriptor, v protoreflect.Value) (*yaml.Node, error) {
	switch {
	case fd.IsList():
		node := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.List().Len() {
			element, err := writeValue(fd, v.List().Get(i))
			if err != nil {
				return nil, fmt.Errorf("%d: %w", i, err)
			}
			node.Content = append(node.Content, element)
		}
		return flow(node), nil
	case fd.IsMap():
		node := &yaml.Node{Kind: yaml.MappingNode}
		entries := v.Map()
		var keys []string
		entries.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
			keys = append(keys, k.String())
			return true
		})
		slices.Sort(keys)
		for _, k := range keys {
			value, err := writeValue(fd.MapValue(), entries.Get(protoreflect.ValueOfString(k).MapKey()))
			if err == nil && !utf8.ValidString(k) {
				err = errors.New("a key that is no UTF-8")
			}
			if err != nil {
				return nil, fmt.Errorf("%q: %w", k, err)
			}
			node.Content = append(node.Content, text(k), value)
		}
		return flow(node), nil
	default:
		return writeValue(fd, v)
	}
}

func writeValue(fd protoreflect.FieldDescriptor, v protoreflect.Value) (*yaml.Node, error) {
	switch fd.Kind() {
	case protoreflect.MessageKind:
		return writeMessage(v.Message())
	case protoreflect.StringKind:
		if !utf8.ValidString(v.String()) {
			return nil, errors.New("a text that is no UTF-8")
		}
		return text(v.String()), nil
	case protoreflect.EnumKind:
		value := fd.Enum().Values().ByNumber(v.Enum())
		if value == nil {
			return nil, fmt.Errorf("the value %d has no name", v.Enum())
		}
		return text(enumNames(fd.Enum())[value.Index()]), nil
	case protoreflect.DoubleKind:
		f := v.Float()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, fmt.Errorf("%v is not a number that can be reckoned with", f)
		}
		return number(f), nil
	case protoreflect.BoolKind:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: strconv.FormatBool(v.Bool())}, nil
	case protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.Uint32Kind, protoreflect.Uint64Kind:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: v.String()}, nil
	default:
		return nil, errors.New("this field cannot be written in YAML")
	}
}

// writeShort is the short form of what has one.
func writeShort(m proto.Message) (s string, short bool, err error) {
	switch m := m.(type) {
	case *durationpb.Duration:
		d := m.AsDuration()
		if !m.IsValid() || !proto.Equal(durationpb.New(d), m) {
			return "", true, errors.New("a duration of more than 292 years")
		}
		s, err = formatDuration(d)
		return s, true, err
	case *timestamppb.Timestamp:
		s, err = formatMoment(m)
		return s, true, err
	case *veiviserv1.Money:
		s, short = formatMoney(m)
		return s, short, nil
	}
	return "", false, nil
}

// text is a scalar that reads back as this text. Several lines are written as a block, as long as they are plain.
func text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: textTag, Value: s}
	if strings.ContainsAny(s, "\t\r\u0085\u2028\u2029\ufeff") || strings.Contains(s, "\n") && !blocky(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// blocky reports whether lines read well, and the same, as a literal block.
func blocky(s string) bool {
	if strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\n") || strings.HasSuffix(s, "\n\n") {
		return false
	}
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasSuffix(line, " ") || strings.ContainsFunc(line, func(r rune) bool { return !strconv.IsPrint(r) }) {
			return false
		}
	}
	return true
}

// number is a scalar that reads back as this number.
func number(f float64) *yaml.Node {
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if magnitude := math.Abs(f); f == 0 || magnitude >= 1e-6 && magnitude < 1e15 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
	} else if !strings.Contains(s, ".") {
		s = strings.Replace(s, "e", ".0e", 1) // without the point YAML reads a text
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: s}
}

// reckoned reports whether the mappings in a message come out of a computer, so that they stay on one line however long it
// gets: nobody reads the thousands of them one by one.
func reckoned(m proto.Message) bool {
	switch m.(type) {
	case *veiviserv1.ForecastHead, *veiviserv1.SubjectTrait:
		return true
	}
	return false
}

// flow puts a list or mapping on one line when it is short and holds scalars only.
func flow(n *yaml.Node) *yaml.Node {
	width := 2
	for _, c := range n.Content {
		if width += len(c.Value) + 2; c.Kind != yaml.ScalarNode || width > inline || strings.Contains(c.Value, "\n") {
			return n
		}
	}
	n.Style = yaml.FlowStyle
	return n
}
