package api

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// visits is VisitService.
type visits struct {
	veiviserv1.UnimplementedVisitServiceServer
	decider   Decider
	accounts  Accounts
	recorder  Recorder
	wishes    Wishes
	validator *validator
	deadline  time.Duration
}

// RecordEvents stores a batch of events, each with its own result.
func (s *visits) RecordEvents(ctx context.Context, in *veiviserv1.RecordEventsRequest) (*veiviserv1.RecordEventsResponse, error) {
	results, err := s.record(ctx, in.GetEvents(), func(i int) string { return fmt.Sprintf("events[%d]", i) })
	if err != nil {
		return nil, err
	}
	return &veiviserv1.RecordEventsResponse{Results: results}, nil
}

// record checks every event by itself and stores those that are well formed. path names an event in results.
func (s *visits) record(ctx context.Context, in []*veiviserv1.Event, path func(int) string) ([]*veiviserv1.EventResult, error) {
	results := make([]*veiviserv1.EventResult, len(in))
	events := make([]veiviser.Event, 0, len(in))
	at := make([]int, 0, len(in)) // at[k] is where events[k] stands in the batch
	for i, e := range in {
		if err := s.validator.event(e); err != nil {
			results[i] = eventResultToProto(e.GetEventId(), veiviser.EventRejected, err, path(i))
			continue
		}
		events, at = append(events, eventFromProto(e)), append(at, i)
	}
	if len(events) == 0 {
		return results, nil
	}
	stored, err := s.recorder.Record(ctx, events)
	if err != nil {
		return nil, err
	}
	for k := range stored {
		results[at[k]] = eventResultToProto(events[k].ID, stored[k].Status, stored[k].Err, path(at[k]))
	}
	return results, nil
}

// GetVisitor shows what is remembered and believed about a visitor.
func (s *visits) GetVisitor(ctx context.Context, in *veiviserv1.GetVisitorRequest) (*veiviserv1.GetVisitorResponse, error) {
	p, err := s.decider.Visitor(ctx, in.GetVisitorId(), in.GetLanguage(), timeFromProto(in.GetTime()))
	if err != nil {
		return nil, err
	}
	return &veiviserv1.GetVisitorResponse{Visitor: portraitToProto(p)}, nil
}

// LinkVisitors makes one person of several identities and shows her.
func (s *visits) LinkVisitors(ctx context.Context, in *veiviserv1.LinkVisitorsRequest) (*veiviserv1.LinkVisitorsResponse, error) {
	if err := s.recorder.Link(ctx, in.GetVisitorId(), in.GetLinkedVisitorIds()); err != nil {
		return nil, err
	}
	p, err := s.decider.Visitor(ctx, in.GetVisitorId(), "", time.Time{})
	if veiviser.ReasonOf(err) == veiviser.ReasonUnknownVisitor { // nothing was remembered of any of them
		return &veiviserv1.LinkVisitorsResponse{Visitor: &veiviserv1.Visitor{
			VisitorId: in.GetVisitorId(), LinkedVisitorIds: in.GetLinkedVisitorIds(),
		}}, nil
	}
	if err != nil {
		return nil, err
	}
	return &veiviserv1.LinkVisitorsResponse{Visitor: portraitToProto(p)}, nil
}

// ExportVisitor gives everything that is held about a person.
func (s *visits) ExportVisitor(ctx context.Context, in *veiviserv1.ExportVisitorRequest) (*veiviserv1.ExportVisitorResponse, error) {
	p, answers, err := s.decider.Export(ctx, in.GetVisitorId())
	if err != nil {
		return nil, err
	}
	return &veiviserv1.ExportVisitorResponse{
		Visitor:    portraitToProto(p),
		Decisions:  exportToProto(answers, p.Voice),
		Habits:     habitsToProto(&p.Visitor),
		ExportTime: timestamppb.Now(),
	}, nil
}

// EraseVisitor forgets a person.
func (s *visits) EraseVisitor(ctx context.Context, in *veiviserv1.EraseVisitorRequest) (*veiviserv1.EraseVisitorResponse, error) {
	found, err := s.recorder.Erase(ctx, in.GetVisitorId())
	if err != nil {
		return nil, err
	}
	return &veiviserv1.EraseVisitorResponse{Found: found}, nil
}
