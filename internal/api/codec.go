package api

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"unicode/utf8"

	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that boundedCodec stands in front of
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// A message of two bytes per element becomes hundreds of bytes per element when it is decoded: 4 MiB of empty events
// would be half a gigabyte. Anything that says something takes more than bytesPerElement bytes for it.
const (
	freeElements    = 2000 // more than the contract allows in most lists, and less than half a megabyte
	bytesPerElement = 8
	smallMessage    = 8 << 10 // below, the worst case is not worth a look
)

// boundedCodec is grpc's own codec, with two differences. It looks at large messages before it lets them be decoded. And
// a message that can not be decoded arrives empty, carrying what is wrong with it as an unknown field, for [undecodable]
// to find: an error returned here would make grpc answer INTERNAL by itself, past all interceptors.
type boundedCodec struct {
	encoding.CodecV2
	mark []byte // begins the unknown field; random, so that nobody can send one
}

// What may be wrong with a message, the byte after the mark.
const (
	wrongEncoding = 'e'
	wrongText     = 't' // followed by the path of the field
	wrongSize     = 's'
)

func newCodec() *boundedCodec {
	mark := fmt.Appendf(nil, "%016x%016x", rand.Uint64(), rand.Uint64())
	return &boundedCodec{CodecV2: encoding.GetCodecV2("proto"), mark: mark}
}

// Unmarshal decodes data into v.
func (c *boundedCodec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	whole := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer whole.Free()
	b, md := whole.ReadOnlyData(), m.ProtoReflect().Descriptor()
	if len(b) > smallMessage && elements(b, md) > freeElements+len(b)/bytesPerElement {
		c.spoil(m, wrongSize, "")
		return nil
	}
	if proto.Unmarshal(b, m) == nil {
		return nil
	}
	if path := invalidText(b, md, ""); path != "" {
		c.spoil(m, wrongText, path)
	} else {
		c.spoil(m, wrongEncoding, "")
	}
	return nil
}

// spoil makes m the carrier of what is wrong.
func (c *boundedCodec) spoil(m proto.Message, what byte, path string) {
	proto.Reset(m)
	b := append(bytes.Clone(c.mark), what)
	m.ProtoReflect().SetUnknown(protowire.AppendBytes(protowire.AppendTag(nil, protowire.MaxValidNumber, protowire.BytesType), append(b, path...)))
}

// undecodable is what was wrong with m when it was decoded, or nil.
func (c *boundedCodec) undecodable(m proto.Message) error {
	u := m.ProtoReflect().GetUnknown()
	if len(u) <= len(c.mark) {
		return nil
	}
	_, _, n := protowire.ConsumeTag(u)
	if n < 0 {
		return nil
	}
	b, n := protowire.ConsumeBytes(u[n:])
	if n < 0 || len(b) <= len(c.mark) || !bytes.HasPrefix(b, c.mark) {
		return nil
	}
	switch path := string(b[len(c.mark)+1:]); b[len(c.mark)] {
	case wrongSize:
		return veiviser.Failed(veiviser.KindExhausted, veiviser.ReasonRequestTooLarge, nil, "the message holds far more elements than its bytes justify")
	case wrongText:
		return veiviser.Invalid(veiviser.ReasonInvalidField, path, "%s: must be valid UTF-8", path)
	default:
		return veiviser.Failed(veiviser.KindInvalid, veiviser.ReasonInvalidField, nil, "the message is not a valid encoding of its type")
	}
}

// field is one field of an encoded message; desc is nil for those the contract does not have.
type field struct {
	desc protoreflect.FieldDescriptor
	body []byte // of strings, bytes and messages
}

// next takes the first field off b; false when there is none or what is left does not parse.
func next(b []byte, md protoreflect.MessageDescriptor) (f field, rest []byte, ok bool) {
	num, typ, n := protowire.ConsumeTag(b)
	if n < 0 {
		return field{}, nil, false
	}
	b = b[n:]
	f.desc = md.Fields().ByNumber(num)
	if typ == protowire.BytesType {
		f.body, n = protowire.ConsumeBytes(b)
	} else {
		n = protowire.ConsumeFieldValue(num, typ, b)
	}
	if n < 0 {
		return field{}, nil, false
	}
	return f, b[n:], true
}

// elements counts the messages inside b, a message of type md, at every depth.
func elements(b []byte, md protoreflect.MessageDescriptor) int {
	count := 0
	for {
		f, rest, ok := next(b, md)
		if !ok {
			return count
		}
		if f.body != nil && f.desc != nil && f.desc.Message() != nil {
			count += 1 + elements(f.body, f.desc.Message())
		}
		b = rest
	}
}

// invalidText is the path of the first string in b that is no UTF-8, or "".
func invalidText(b []byte, md protoreflect.MessageDescriptor, prefix string) string {
	seen := make(map[protoreflect.FieldNumber]int)
	for {
		f, rest, ok := next(b, md)
		if !ok {
			return ""
		}
		b = rest
		if f.desc == nil || f.body == nil {
			continue
		}
		path := prefix + string(f.desc.Name())
		if f.desc.IsList() {
			path += fmt.Sprintf("[%d]", seen[f.desc.Number()])
			seen[f.desc.Number()]++
		}
		switch {
		case f.desc.Kind() == protoreflect.StringKind && !utf8.Valid(f.body):
			return path
		case f.desc.IsMap():
			if invalidText(f.body, f.desc.Message(), "") != "" {
				return path
			}
		case f.desc.Message() != nil:
			if inner := invalidText(f.body, f.desc.Message(), path+"."); inner != "" {
				return inner
			}
		}
	}
}
