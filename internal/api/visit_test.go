package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// accepting stores every event, except those of type "odd", which it does not know.
func accepting(_ context.Context, events []veiviser.Event) ([]veiviser.EventResult, error) {
	out := make([]veiviser.EventResult, len(events))
	for i, e := range events {
		out[i] = veiviser.EventResult{ID: e.ID, Status: veiviser.EventAccepted}
		if e.Type == "odd" {
			out[i].Status = veiviser.EventRejected
			out[i].Err = veiviser.Invalid(veiviser.ReasonUnknownEventType, "type", "is no event type of the plan")
		}
	}
	return out, nil
}

// One bad event never costs its neighbours, whether the limits or the plan refuse it.
func TestRecordEvents(t *testing.T) {
	s := serve(t, Options{})
	s.fake.record = accepting
	out, err := s.visits().RecordEvents(t.Context(), &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{
		{EventId: "1", VisitorId: "v", Type: "view"},
		{EventId: "2", VisitorId: "v"},
		{EventId: "3", VisitorId: "v", Type: "odd"},
		{EventId: "4", Type: "view"},
		{},
		{EventId: "6", VisitorId: "v", Type: "view", Time: &timestamppb.Timestamp{Seconds: 1 << 60}},
		{EventId: "7", VisitorId: "w", Type: "view"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	accepted, rejected := veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED, veiviserv1.EventStatus_EVENT_STATUS_REJECTED
	want := []*veiviserv1.EventResult{
		{EventId: "1", Status: accepted},
		{EventId: "2", Status: rejected, Reason: veiviserv1.ErrorReason_ERROR_REASON_INVALID_FIELD, Field: "events[1].type"},
		{EventId: "3", Status: rejected, Reason: veiviserv1.ErrorReason_ERROR_REASON_UNKNOWN_EVENT_TYPE, Field: "events[2].type"},
		{EventId: "4", Status: rejected, Reason: veiviserv1.ErrorReason_ERROR_REASON_MALFORMED_ID, Field: "events[3].visitor_id"},
		{Status: rejected, Reason: veiviserv1.ErrorReason_ERROR_REASON_MALFORMED_ID, Field: "events[4].visitor_id"},
		{EventId: "6", Status: rejected, Reason: veiviserv1.ErrorReason_ERROR_REASON_INVALID_FIELD, Field: "events[5].time"},
		{EventId: "7", Status: accepted},
	}
	if diff := cmp.Diff(want, out.GetResults(), protocmp.Transform(), protocmp.IgnoreFields(&veiviserv1.EventResult{}, "message")); diff != "" {
		t.Error(diff)
	}
	for _, r := range out.GetResults() {
		if (r.GetStatus() == rejected) != (r.GetMessage() != "") {
			t.Errorf("message of %v", r)
		}
	}
}

func TestRecordEventsWithoutStore(t *testing.T) {
	s := serve(t, Options{})
	s.fake.record = func(context.Context, []veiviser.Event) ([]veiviser.EventResult, error) {
		e := veiviser.Failed(veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable, nil, "the store is away")
		e.RetryAfter = time.Second
		return nil, e
	}
	_, err := s.visits().RecordEvents(t.Context(), &veiviserv1.RecordEventsRequest{Events: []*veiviserv1.Event{{EventId: "1", VisitorId: "v", Type: "view"}}})
	if diff := cmp.Diff(gone{Code: codes.Unavailable, Reason: "STORE_UNAVAILABLE", Retry: time.Second}, read(t, err)); diff != "" {
		t.Error(diff)
	}
}

// Every event of a stream is answered, in order, also when the sender does not wait for answers.
func TestStreamEvents(t *testing.T) {
	s := serve(t, Options{})
	s.fake.record = accepting
	st, err := s.visits().StreamEvents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const n = 1000
	go func() {
		for i := range n {
			e := &veiviserv1.Event{EventId: fmt.Sprint(i), VisitorId: "v", Type: "view"}
			switch {
			case i == n/2:
				e = nil
			case i%7 == 0:
				e.Type = ""
			}
			if err := st.Send(&veiviserv1.StreamEventsRequest{Event: e}); err != nil {
				t.Error(err)
				return
			}
		}
		if err := st.CloseSend(); err != nil {
			t.Error(err)
		}
	}()
	for i := range n {
		in, err := st.Recv()
		if err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
		r := in.GetResult()
		want := &veiviserv1.EventResult{EventId: fmt.Sprint(i), Status: veiviserv1.EventStatus_EVENT_STATUS_ACCEPTED}
		switch {
		case i == n/2:
			want = &veiviserv1.EventResult{Status: veiviserv1.EventStatus_EVENT_STATUS_REJECTED, Reason: veiviserv1.ErrorReason_ERROR_REASON_INVALID_FIELD, Field: "event", Message: r.GetMessage()}
		case i%7 == 0:
			want.Status, want.Reason = veiviserv1.EventStatus_EVENT_STATUS_REJECTED, veiviserv1.ErrorReason_ERROR_REASON_INVALID_FIELD
			want.Field, want.Message = "event.type", r.GetMessage()
		}
		if diff := cmp.Diff(want, r, protocmp.Transform()); diff != "" {
			t.Fatalf("event %d: %s", i, diff)
		}
	}
	if _, err := st.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last: %v", err)
	}
}

// Streams end when the service stops, so that a graceful stop need not wait for them.
func TestStreamsEndWithTheService(t *testing.T) {
	stopping := make(chan struct{})
	s := serve(t, Options{Stopping: stopping})
	s.fake.watch = func(ctx context.Context, _ veiviser.Request, send func(*decide.Reply) error) error {
		if err := send(silent("d1.0")); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	}
	events, err := s.visits().StreamEvents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	watch, err := s.decisions().WatchRecommendations(t.Context(), &veiviserv1.WatchRecommendationsRequest{VisitorId: "v", Placements: []string{"banner"}})
	if err != nil {
		t.Fatal(err)
	}
	if in, err := watch.Recv(); err != nil || in.GetAnswer().GetDecisions()[0].GetDecisionId() != "d1.0" {
		t.Fatalf("%v, %v", in, err)
	}
	close(stopping)
	_, errWatch := watch.Recv()
	_, errEvents := events.Recv()
	for _, err := range []error{errWatch, errEvents} {
		if diff := cmp.Diff(gone{Code: codes.Unavailable, Reason: "STOPPING", Retry: time.Second}, read(t, err)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestVisitorCalls(t *testing.T) {
	s := serve(t, Options{})
	moment := time.Unix(1_795_000_000, 0).UTC()
	known := false
	s.fake.visitor = func(_ context.Context, id, lang string, at time.Time) (*decide.Portrait, error) {
		if !known {
			return nil, veiviser.NotFound(veiviser.ReasonUnknownVisitor, "visitor_id", "nothing is remembered")
		}
		return &decide.Portrait{Visitor: veiviser.Visitor{ID: id, FirstSeen: at, Attributes: map[string]string{"lang": lang}}, Segments: []string{"families"}}, nil
	}
	s.fake.link = func(context.Context, string, []string) error { return nil }
	s.fake.erase = func(_ context.Context, id string) (bool, error) { return id == "v", nil }
	s.fake.export = func(_ context.Context, id string) (*decide.Portrait, []veiviser.Answer, error) {
		a := silent("old.0").Answer
		b := silent("new.0").Answer
		a.Time, b.Time = moment, moment.Add(time.Hour)
		b.Decisions[0].Choices = []veiviser.Choice{{ItemID: "i"}}
		return &decide.Portrait{Visitor: veiviser.Visitor{ID: id}}, []veiviser.Answer{a, b}, nil
	}
	linked, err := s.visits().LinkVisitors(t.Context(), &veiviserv1.LinkVisitorsRequest{VisitorId: "v", LinkedVisitorIds: []string{"w"}})
	if err != nil || linked.GetVisitor().GetLinkedVisitorIds()[0] != "w" {
		t.Errorf("link of strangers: %v, %v", linked, err)
	}
	known = true
	got, err := s.visits().GetVisitor(t.Context(), &veiviserv1.GetVisitorRequest{VisitorId: "v", Language: "sv", Time: timestamppb.New(moment)})
	if err != nil {
		t.Fatal(err)
	}
	want := &veiviserv1.Visitor{VisitorId: "v", FirstSeenTime: timestamppb.New(moment), Attributes: map[string]string{"lang": "sv"}, SegmentIds: []string{"families"}, Standing: &veiviserv1.Standing{Phase: "prospect"}}
	if diff := cmp.Diff(want, got.GetVisitor(), protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	exported, err := s.visits().ExportVisitor(t.Context(), &veiviserv1.ExportVisitorRequest{VisitorId: "v"})
	if err != nil || len(exported.GetDecisions()) != 2 || exported.GetDecisions()[0].GetDecisionId() != "new.0" || exported.GetDecisions()[0].GetItemIds()[0] != "i" {
		t.Errorf("%v, %v", exported, err)
	}
	for id, want := range map[string]bool{"v": true, "w": false} {
		if erased, err := s.visits().EraseVisitor(t.Context(), &veiviserv1.EraseVisitorRequest{VisitorId: id}); err != nil || erased.GetFound() != want {
			t.Errorf("erase %s: %v, %v", id, erased, err)
		}
	}
}

// eventToProto is the way back of eventFromProto; the service itself never sends events.
func eventToProto(e *veiviser.Event) *veiviserv1.Event {
	return &veiviserv1.Event{
		EventId: e.ID, VisitorId: e.VisitorID, Time: timeToProto(e.Time), Type: e.Type, Subject: e.Subject, ItemId: e.ItemID,
		DecisionId: e.DecisionID, Channel: e.Channel, Value: e.Value, Attributes: e.Attributes,
	}
}

// Nothing of an event is lost between wire and vocabulary.
func TestEventRoundTrip(t *testing.T) {
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		e := veiviser.Event{
			ID: text.Draw(t, "id"), VisitorID: text.Draw(t, "visitor"), Type: text.Draw(t, "type"), Subject: text.Draw(t, "subject"),
			ItemID: text.Draw(t, "item"), DecisionID: text.Draw(t, "decision"), Channel: text.Draw(t, "channel"),
			Value:      rapid.Float64().Draw(t, "value"),
			Attributes: rapid.MapOfN(text, text, 1, 5).Draw(t, "attributes"),
		}
		if s := rapid.Int64Range(0, 4e9).Draw(t, "time"); s > 0 {
			e.Time = time.Unix(s, rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC()
		}
		if diff := cmp.Diff(e, eventFromProto(eventToProto(&e))); diff != "" {
			t.Fatal(diff)
		}
	})
}
