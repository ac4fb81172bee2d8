package api

import (
	"slices"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

func eventFromProto(e *veiviserv1.Event) veiviser.Event {
	return veiviser.Event{
		ID: e.GetEventId(), VisitorID: e.GetVisitorId(), Time: timeFromProto(e.GetTime()), Type: e.GetType(),
		Subject: e.GetSubject(), ItemID: e.GetItemId(), DecisionID: e.GetDecisionId(), Channel: e.GetChannel(),
		Value: e.GetValue(), Attributes: e.GetAttributes(),
	}
}

// eventResultToProto says what became of the event at path.
func eventResultToProto(id string, s veiviser.EventStatus, err *veiviser.Error, path string) *veiviserv1.EventResult {
	out := &veiviserv1.EventResult{
		EventId: shortID(id),
		Status:  veiviserv1.EventStatus(veiviserv1.EventStatus_value["EVENT_STATUS_"+string(s)]),
	}
	if err != nil {
		out.Reason, out.Field, out.Message = reasonToProto(err.Reason), joinField(path, err.Field()), publicMessage(err)
	}
	return out
}

// shortID is the id as sent, unless it is longer than an id may be: nobody needs a megabyte back.
func shortID(id string) string {
	if len(id) > veiviser.MaxIDBytes {
		return ""
	}
	return id
}

// joinField puts a path before a field relative to it.
func joinField(path, field string) string {
	if field == "" {
		return path
	}
	return path + "." + field
}

// portraitToProto tells what is remembered and believed about a visitor, with what stands between her and the shop.
func portraitToProto(p *decide.Portrait) *veiviserv1.Visitor {
	out := visitorToProto(&p.Visitor, p.Needs, p.Segments, p.Voice)
	out.Standing = standingToProto(&p.Visitor.Standing, p.At)
	out.Standing.Profiled, out.Standing.Tier = p.Profiled, p.Tier
	for i, e := range p.Effective {
		out.Standing.Consents[i].Effective = e
	}
	return out
}

// visitorToProto tells what is remembered and believed about a visitor.
func visitorToProto(p *veiviser.Visitor, needs []veiviser.NeedView, segments []string, v voice) *veiviserv1.Visitor {
	out := &veiviserv1.Visitor{
		VisitorId: p.ID, LinkedVisitorIds: p.LinkedIDs,
		FirstSeenTime: timeToProto(p.FirstSeen), LastSeenTime: timeToProto(p.LastSeen),
		Visits: p.Visits, Events: p.Events, Value: p.Value, Attributes: p.Attributes, Region: p.Region, Answers: p.Answers,
		ExperimentGroup: string(p.Group),
		EventCounts:     make([]*veiviserv1.EventCount, len(p.Counts)),
		RecentItems:     make([]*veiviserv1.RecentItem, len(p.Recent)),
		Visit:           visitToProto(&p.Visit), Needs: needsToProto(needs, -1, v), SegmentIds: segments,
	}
	for i, c := range p.Counts {
		out.EventCounts[i] = &veiviserv1.EventCount{Type: c.Type, Count: c.Count, InVisit: c.InVisit, LastTime: timeToProto(c.Last)}
	}
	for i, r := range p.Recent {
		out.RecentItems[i] = &veiviserv1.RecentItem{ItemId: r.ItemID, Subject: r.Subject, Count: r.Count, LastTime: timeToProto(r.Last)}
	}
	return out
}

// visitToProto tells a visit; one that never began is unset.
func visitToProto(p *veiviser.Visit) *veiviserv1.Visit {
	if p.Start.IsZero() && p.Events == 0 {
		return nil
	}
	return &veiviserv1.Visit{
		StartTime: timeToProto(p.Start), LastTime: timeToProto(p.Last), Events: p.Events, Channel: p.Channel,
		Device: p.Device, Language: p.Language, Referrer: p.Referrer, Page: p.Page, Query: p.Query,
	}
}

// exportToProto lists the decisions of answers, newest first.
func exportToProto(answers []veiviser.Answer, v voice) []*veiviserv1.ExportedDecision {
	sorted := slices.Clone(answers)
	slices.SortStableFunc(sorted, func(a, b veiviser.Answer) int { return b.Time.Compare(a.Time) })
	var out []*veiviserv1.ExportedDecision
	for i := range sorted {
		a := &sorted[i]
		for k := range a.Decisions {
			d := &a.Decisions[k]
			e := &veiviserv1.ExportedDecision{
				DecisionId: d.ID, Time: timeToProto(a.Time), Placement: d.Placement,
				PlanVersion: versionToProto(a.PlanVersion), Context: contextToProto(&a.Request.Context),
				SegmentIds: a.Segments, Needs: needsToProto(a.Needs, -1, v),
			}
			for c := range d.Choices {
				e.ItemIds = append(e.ItemIds, d.Choices[c].ItemID)
			}
			out = append(out, e)
		}
	}
	return out
}
