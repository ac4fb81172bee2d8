package planpb

import (
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

// scalar reads a value that is no list, mapping or message. What does not fit is reported.
func (r *reader) scalar(n *yaml.Node, fd protoreflect.FieldDescriptor, path *trail) (protoreflect.Value, bool) {
	none := protoreflect.Value{}
	if !r.plain(n, path) {
		return none, false
	}
	if n.Kind != yaml.ScalarNode {
		r.fail(n.Line, path, "this must be %s, not %s", wanted(fd), kindOf(n))
		return none, false
	}
	var v protoreflect.Value
	var problem string
	switch fd.Kind() {
	case protoreflect.StringKind:
		v, problem = readText(n)
	case protoreflect.BoolKind:
		v, problem = readBool(n)
	case protoreflect.EnumKind:
		v, problem = readEnum(n, fd.Enum())
	case protoreflect.DoubleKind:
		v, problem = readDouble(n)
	default:
		v, problem = readWhole(n, fd.Kind())
	}
	if problem == "unfit" {
		problem = "this must be " + wanted(fd) + ", not " + kindOf(n)
		if fd.Kind() == protoreflect.StringKind && n.Tag != nullTag {
			problem += "; put it in quotes"
		}
	}
	if problem != "" {
		r.fail(n.Line, path, "%s", problem)
		return none, false
	}
	return v, true
}

// wanted names what a field takes, for a person.
func wanted(fd protoreflect.FieldDescriptor) string {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return "a text"
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.EnumKind:
		return "one of " + strings.Join(enumNames(fd.Enum())[1:], ", ")
	case protoreflect.DoubleKind:
		return "a number"
	default:
		return "a whole number"
	}
}

func readText(n *yaml.Node) (protoreflect.Value, string) {
	if n.Tag != textTag {
		return protoreflect.Value{}, "unfit"
	}
	if !utf8.ValidString(n.Value) {
		return protoreflect.Value{}, "this text is no UTF-8"
	}
	return protoreflect.ValueOfString(n.Value), ""
}

func readBool(n *yaml.Node) (protoreflect.Value, string) {
	if n.Tag != boolTag {
		return protoreflect.Value{}, "unfit"
	}
	return protoreflect.ValueOfBool(strings.EqualFold(n.Value, "true")), ""
}

func readEnum(n *yaml.Node, ed protoreflect.EnumDescriptor) (protoreflect.Value, string) {
	if n.Tag != textTag {
		return protoreflect.Value{}, "unfit"
	}
	names := enumNames(ed)
	if i := slices.Index(names, n.Value); i >= 0 {
		return protoreflect.ValueOfEnum(ed.Values().Get(i).Number()), ""
	}
	return protoreflect.Value{}, "unknown value \"" + clip(n.Value) + "\", there are " +
		strings.Join(names[1:], ", ") + didYouMean(n.Value, names[1:])
}

// enumNames are the values of an enum in short: "offer" for ITEM_KIND_OFFER. The first is the unspecified one.
func enumNames(ed protoreflect.EnumDescriptor) []string {
	first := string(ed.Values().Get(0).Name())
	prefix := strings.TrimSuffix(first, "UNSPECIFIED")
	names := make([]string, ed.Values().Len())
	for i := range names {
		names[i] = strings.ToLower(strings.TrimPrefix(string(ed.Values().Get(i).Name()), prefix))
	}
	return names
}

func readDouble(n *yaml.Node) (protoreflect.Value, string) {
	if n.Tag != intTag && n.Tag != floatTag {
		return protoreflect.Value{}, "unfit"
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
	if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return protoreflect.Value{}, clip(n.Value) + " is not a number that can be reckoned with"
	}
	return protoreflect.ValueOfFloat64(f), ""
}

// readWhole reads a whole number in decimal digits; underscores may part them.
func readWhole(n *yaml.Node, kind protoreflect.Kind) (protoreflect.Value, string) {
	if n.Tag != intTag && n.Tag != floatTag {
		return protoreflect.Value{}, "unfit"
	}
	digits := strings.ReplaceAll(n.Value, "_", "")
	bare := strings.TrimLeft(digits, "+-")
	if bare == "" || !isDigits(bare) || len(bare) > 1 && bare[0] == '0' {
		return protoreflect.Value{}, clip(n.Value) + " is no whole number in decimal digits"
	}
	var v protoreflect.Value
	var err error
	switch kind {
	case protoreflect.Int32Kind:
		var i int64
		i, err = strconv.ParseInt(digits, 10, 32)
		v = protoreflect.ValueOfInt32(int32(i))
	case protoreflect.Int64Kind:
		var i int64
		i, err = strconv.ParseInt(digits, 10, 64)
		v = protoreflect.ValueOfInt64(i)
	case protoreflect.Uint32Kind:
		var u uint64
		u, err = strconv.ParseUint(strings.TrimPrefix(digits, "+"), 10, 32)
		v = protoreflect.ValueOfUint32(uint32(u))
	case protoreflect.Uint64Kind:
		var u uint64
		u, err = strconv.ParseUint(strings.TrimPrefix(digits, "+"), 10, 64)
		v = protoreflect.ValueOfUint64(u)
	default:
		return v, "this field cannot be written in YAML"
	}
	if err != nil {
		return protoreflect.Value{}, clip(n.Value) + " is too large, too small or negative for this field"
	}
	return v, ""
}

// short reads durations, moments and money from their short forms. It is false for messages that have none, and for
// money written as a mapping.
func (r *reader) short(n *yaml.Node, m protoreflect.Message, path *trail) bool {
	var from proto.Message
	var err error
	scalar := n.Kind == yaml.ScalarNode
	switch m.Interface().(type) {
	case *durationpb.Duration:
		if !scalar || n.Tag != textTag && n.Tag != intTag {
			r.fail(n.Line, path, "this must be a duration such as 30m, 1h30m, 14d or 2w, not %s", kindOf(n))
			return true
		}
		d, wrong := parseDuration(n.Value)
		from, err = durationpb.New(d), wrong
	case *timestamppb.Timestamp:
		if !scalar || n.Tag != textTag && n.Tag != dateTag {
			r.fail(n.Line, path, "this must be a moment such as 2026-05-01 or 2026-05-01T08:00:00+02:00, not %s", kindOf(n))
			return true
		}
		from, err = parseMoment(n.Value)
	case *veiviserv1.Money:
		if n.Kind == yaml.MappingNode {
			return false
		}
		if !scalar || n.Tag != textTag {
			r.fail(n.Line, path, "this must be money such as 24990 NOK, not %s", kindOf(n))
			return true
		}
		from, err = parseMoney(n.Value)
	default:
		return false
	}
	if err != nil {
		r.fail(n.Line, path, "%v", err)
		return true
	}
	proto.Merge(m.Interface(), from)
	return true
}
