package api

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// Messages of two bytes per element are refused before they become a hundred times their size.
func TestCodecRefusesEmptyElements(t *testing.T) {
	c := newCodec()
	bomb := mem.BufferSlice{mem.SliceBuffer(bytes.Repeat([]byte{3<<3 | 2, 0}, 1<<20))}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m := &veiviserv1.RecommendRequest{}
	if err := c.Unmarshal(bomb, m); err != nil || veiviser.ReasonOf(c.undecodable(m)) != veiviser.ReasonRequestTooLarge {
		t.Fatalf("a million empty events were decoded: %v", err)
	}
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 8<<20 {
		t.Errorf("refusing 2 MiB took %d bytes", allocated)
	}
}

// What the contract allows passes, at its most generous.
func TestCodecTakesFullBatches(t *testing.T) {
	events := &veiviserv1.RecordEventsRequest{}
	for i := range 1000 {
		events.Events = append(events.Events, &veiviserv1.Event{EventId: fmt.Sprint(i), VisitorId: "v", Type: "view", Attributes: attributes(32)})
	}
	plan := &veiviserv1.PublishPlanRequest{Plan: &veiviserv1.Plan{}}
	for range 10_000 {
		plan.Plan.Items = append(plan.Plan.Items, typicalItem())
	}
	for _, m := range []proto.Message{events, plan, typicalRequest()} {
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got := m.ProtoReflect().New().Interface()
		c := newCodec()
		if err := c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, got); err != nil || c.undecodable(got) != nil || !proto.Equal(m, got) {
			t.Errorf("%T of %d bytes: %v", m, len(b), err)
		}
	}
}

// Fields that the contract does not have, whatever they hold, are no reason to refuse a message.
func TestCodecTakesUnknownFields(t *testing.T) {
	c := newCodec()
	b, err := proto.Marshal(typicalRequest())
	if err != nil {
		t.Fatal(err)
	}
	for _, unknown := range []string{"", "x", strings.Repeat("0", 64)} {
		b := protowire.AppendString(protowire.AppendTag(bytes.Clone(b), protowire.MaxValidNumber, protowire.BytesType), unknown)
		m := &veiviserv1.RecommendRequest{}
		if err := c.Unmarshal(mem.BufferSlice{mem.SliceBuffer(b)}, m); err != nil || c.undecodable(m) != nil {
			t.Errorf("unknown field %q: %v, %v", unknown, err, c.undecodable(m))
		}
	}
}

// The field whose text is no UTF-8 is named wherever it lies.
func TestInvalidText(t *testing.T) {
	bad := "a\xffb"
	for want, m := range map[string]*veiviserv1.RecommendRequest{
		"visitor_id":                          {VisitorId: bad},
		"context.page":                        {Context: &veiviserv1.VisitContext{Page: bad}},
		"events[1].type":                      {Events: []*veiviserv1.Event{{EventId: "1"}, {Type: bad}}},
		"events[0].attributes":                {Events: []*veiviserv1.Event{{Attributes: map[string]string{"k": bad}}}},
		"placements[1].candidate_item_ids[2]": {Placements: []*veiviserv1.PlacementRequest{{}, {CandidateItemIds: []string{"a", "b", bad}}}},
		"":                                    {VisitorId: "é"},
	} {
		b := wire(m)
		if got := invalidText(b, m.ProtoReflect().Descriptor(), ""); got != want {
			t.Errorf("invalidText = %q, want %q", got, want)
		}
	}
}

// wire encodes m without a look at its texts, which proto.Marshal insists on: it writes a placeholder as long instead.
func wire(m proto.Message) []byte {
	const bad, placeholder = "a\xffb", "a~b"
	text := proto.CloneOf(m)
	replaceText(text.ProtoReflect(), bad, placeholder)
	b, err := proto.Marshal(text)
	if err != nil {
		panic(err)
	}
	return bytes.ReplaceAll(b, []byte(placeholder), []byte(bad))
}

func replaceText(m protoreflect.Message, from, to string) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, x protoreflect.Value) bool {
				v.Map().Set(k, protoreflect.ValueOfString(strings.ReplaceAll(x.String(), from, to)))
				return true
			})
		case f.IsList():
			for i := range v.List().Len() {
				if f.Kind() == protoreflect.MessageKind {
					replaceText(v.List().Get(i).Message(), from, to)
				} else {
					v.List().Set(i, protoreflect.ValueOfString(strings.ReplaceAll(v.List().Get(i).String(), from, to)))
				}
			}
		case f.Kind() == protoreflect.MessageKind:
			replaceText(v.Message(), from, to)
		case f.Kind() == protoreflect.StringKind:
			m.Set(f, protoreflect.ValueOfString(strings.ReplaceAll(v.String(), from, to)))
		}
		return true
	})
}

// raw sends bytes as they are.
type raw struct{}

func (raw) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.([]byte)
	if !ok {
		return newCodec().Marshal(v)
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}
func (raw) Unmarshal(d mem.BufferSlice, v any) error { return newCodec().Unmarshal(d, v) }
func (raw) Name() string                             { return "proto" }

func TestUndecodableRequests(t *testing.T) {
	s := serve(t, Options{})
	invalid := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "a\xffb")
	tests := map[string]struct {
		sent []byte
		want gone
	}{
		"no message":     {[]byte{0xff, 0xff}, gone{Code: codes.InvalidArgument, Reason: "INVALID_FIELD"}},
		"no UTF-8":       {invalid, gone{Code: codes.InvalidArgument, Reason: "INVALID_FIELD", Field: "visitor_id"}},
		"empty elements": {bytes.Repeat([]byte{3<<3 | 2, 0}, 1<<20), gone{Code: codes.ResourceExhausted, Reason: "REQUEST_TOO_LARGE"}},
		"too large":      {make([]byte, 5<<20), gone{Code: codes.ResourceExhausted, Reason: "REQUEST_TOO_LARGE"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, method := range []string{veiviserv1.DecisionService_Recommend_FullMethodName, veiviserv1.DecisionService_WatchRecommendations_FullMethodName} {
				if name == "empty elements" && method != veiviserv1.DecisionService_Recommend_FullMethodName {
					continue // its field 3 is a list of strings
				}
				err := s.send(t, method, tt.sent)
				if got := read(t, err); name != "too large" && got != tt.want || got.Code != tt.want.Code {
					t.Errorf("%s: %v, want %v (%v)", method, got, tt.want, err)
				}
			}
		})
	}
}
