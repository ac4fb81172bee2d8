package planpb_test

import (
	"math"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"
)

// genPlan draws plans in their normal form: whatever the contract can say, without what it can say in two ways (an item
// without a status, a message in which nothing is set, a duration or moment of zero).
func genPlan() *rapid.Generator[*veiviserv1.Plan] {
	return rapid.Custom(func(t *rapid.T) *veiviserv1.Plan {
		p := &veiviserv1.Plan{}
		drawMessage(t, p.ProtoReflect())
		return p
	})
}

func genItem() *rapid.Generator[*veiviserv1.Item] {
	return rapid.Custom(func(t *rapid.T) *veiviserv1.Item {
		it := &veiviserv1.Item{}
		drawMessage(t, it.ProtoReflect())
		return it
	})
}

func drawMessage(t *rapid.T, m protoreflect.Message) {
	switch w := m.Interface().(type) {
	case *durationpb.Duration:
		d := rapid.OneOf(rapid.Int64Range(1, math.MaxInt64), rapid.Int64Range(-math.MaxInt64, -1)).Draw(t, "ns")
		w.Seconds, w.Nanos = d/1e9, int32(d%1e9)
		return
	case *timestamppb.Timestamp:
		w.Seconds = rapid.OneOf(rapid.Int64Range(0, 3e9), rapid.Int64Range(-62135596799, 253402300799)).Draw(t, "s")
		if rapid.Bool().Draw(t, "date") {
			w.Seconds -= w.Seconds % 86400
		} else {
			w.Nanos = rapid.Int32Range(0, 999999999).Draw(t, "ns")
		}
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if fd.Name() != "status" && rapid.IntRange(0, 2).Draw(t, "skip") == 0 {
			continue
		}
		drawField(t, m, fd)
	}
}

func drawField(t *rapid.T, m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	switch {
	case fd.IsList():
		list := m.Mutable(fd).List()
		for range rapid.IntRange(0, 2).Draw(t, "len") {
			if fd.Message() != nil {
				drawMessage(t, list.AppendMutable().Message())
			} else {
				list.Append(drawScalar(t, fd))
			}
		}
	case fd.IsMap():
		entries := m.Mutable(fd).Map()
		for range rapid.IntRange(0, 2).Draw(t, "len") {
			entries.Set(protoreflect.ValueOfString(genText().Draw(t, "key")).MapKey(), drawScalar(t, fd.MapValue()))
		}
	case fd.Message() != nil:
		inner := m.Mutable(fd).Message()
		drawMessage(t, inner)
		if proto.Size(inner.Interface()) == 0 && fd.Name() != "price" {
			m.Clear(fd)
		}
	default:
		m.Set(fd, drawScalar(t, fd))
	}
}

func genText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOfN(rapid.RuneFrom([]rune(" \t\r\n:#-?,[]{}&*!|>'\"%@`~=<.0123456789eE+_ynotrufalsNuil\u0000\u007f\u0085\u2028\u2029\ufeff\ufffd\U0001f6b2é")), 0, 12, -1),
		rapid.SampledFrom([]string{
			"", "~", "null", "true", "no", "<<", "=", "1", "0x1f", "1e3", ".5", ".inf", "2026-05-01", "12:30:45", "a: b", "a #b", "- a",
			"first\nsecond\n", "first\n\n  second", "\n", " lead", "trail ", "tab\tbed", "a\r\nb", "'", "\"", "---", "...", "%YAML", "a\n---\nb",
			"24990 NOK", "30m", "en setning med æ, ø og å.", "1_000", "0o7", "+1", "- ", "? x", "!tag", "&a", "*a", "[", "{", "a\n\tb",
		}),
	)
}

func drawScalar(t *rapid.T, fd protoreflect.FieldDescriptor) protoreflect.Value {
	switch fd.Kind() {
	case protoreflect.StringKind:
		if fd.Name() == "currency_code" && rapid.Bool().Draw(t, "sane") {
			return protoreflect.ValueOfString("NOK")
		}
		return protoreflect.ValueOfString(genText().Draw(t, "text"))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.EnumKind:
		first := 0
		if fd.Name() == "status" {
			first = 1
		}
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.IntRange(first, fd.Enum().Values().Len()-1).Draw(t, "enum")))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(rapid.OneOf(
			rapid.Float64(), rapid.Float64Range(-1, 1), rapid.SampledFrom([]float64{0.1, 1e15, 1e21, 1e-7, 123456789.125, math.MaxFloat64, 5e-324}),
		).Draw(t, "double") + 0) // no negative zero: proto.Clone drops it
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32().Draw(t, "int32"))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64().Draw(t, "int64"))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(rapid.Uint32().Draw(t, "uint32"))
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(rapid.Uint64().Draw(t, "uint64"))
	default:
		panic("no generator for " + fd.FullName())
	}
}

// fill sets every field of a message, to any depth, to something that is not its default.
func fill(m protoreflect.Message) {
	switch w := m.Interface().(type) {
	case *durationpb.Duration:
		w.Seconds = 90
		return
	case *timestamppb.Timestamp:
		w.Seconds = 1_800_000_000
		return
	}
	scalar := func(fd protoreflect.FieldDescriptor) protoreflect.Value {
		n := int64(fd.Number())
		switch fd.Kind() {
		case protoreflect.StringKind:
			return protoreflect.ValueOfString(string(fd.Name()))
		case protoreflect.BoolKind:
			return protoreflect.ValueOfBool(true)
		case protoreflect.EnumKind:
			return protoreflect.ValueOfEnum(2)
		case protoreflect.DoubleKind:
			return protoreflect.ValueOfFloat64(float64(n) / 8)
		case protoreflect.Int32Kind:
			return protoreflect.ValueOfInt32(int32(n))
		case protoreflect.Int64Kind:
			return protoreflect.ValueOfInt64(n)
		case protoreflect.Uint32Kind:
			return protoreflect.ValueOfUint32(uint32(n))
		case protoreflect.Uint64Kind:
			return protoreflect.ValueOfUint64(uint64(n))
		default:
			panic("nothing to fill in for " + fd.FullName())
		}
	}
	for i := range m.Descriptor().Fields().Len() {
		fd := m.Descriptor().Fields().Get(i)
		switch {
		case fd.IsList() && fd.Message() != nil:
			fill(m.Mutable(fd).List().AppendMutable().Message())
		case fd.IsList():
			m.Mutable(fd).List().Append(scalar(fd))
		case fd.IsMap():
			m.Mutable(fd).Map().Set(protoreflect.ValueOfString("key").MapKey(), scalar(fd.MapValue()))
		case fd.Message() != nil:
			fill(m.Mutable(fd).Message())
		default:
			m.Set(fd, scalar(fd))
		}
	}
}
