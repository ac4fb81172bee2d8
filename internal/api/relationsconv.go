package api

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// casesToProto tells how cases are answered, as of now: those that are due and not answered are late, too.
func casesToProto(r *veiviser.CaseReport, now time.Time) *veiviserv1.ListCasesResponse {
	overdue, _ := r.Overdue(now)
	out := &veiviserv1.ListCasesResponse{
		Opened: r.Opened, Answered: r.Answered, Resolved: r.Resolved, Late: r.Late + overdue,
		MeanAnswerSeconds: r.MeanAnswer.Seconds(), MeanResolveSeconds: r.MeanResolve.Seconds(),
	}
	for i := range r.Open {
		c := &r.Open[i]
		out.Open = append(out.Open, &veiviserv1.OpenCase{
			CaseId: c.ID, Cause: string(c.Cause), Subject: c.Subject, Channel: c.Channel, OpenTime: timeToProto(c.Opened),
			DueTime: timeToProto(c.Due), Answered: c.Answered, Overdue: relation.Overdue(c, now),
		})
	}
	return out
}

// recoveryToProto tells who came back, of those whose window is over by now.
func recoveryToProto(r *learn.Relationships, window time.Duration, now time.Time) *veiviserv1.GetRecoveryResponse {
	over, waiting := r.Recovery(now, window)
	t, c := &over.Treated, &over.Control
	out := &veiviserv1.GetRecoveryResponse{
		Treated: recoveryGroupToProto(t), Control: recoveryGroupToProto(c), Undrawn: recoveryGroupToProto(&over.Undrawn), Waiting: waiting,
	}
	out.Lift, out.LiftLow, out.LiftHigh = relation.Newcombe(t.Recovered, t.People, c.Recovered, c.People)
	return out
}

func recoveryGroupToProto(c *learn.RecoveryCount) *veiviserv1.RecoveryGroup {
	return &veiviserv1.RecoveryGroup{
		People: c.People, Recovered: c.Recovered, Rate: float64(c.Recovered) / float64(max(c.People, 1)), Advocates: c.Advocates,
	}
}

// loyaltyToProto tells of the rungs of the plan, the lowest first.
func loyaltyToProto(r *learn.Relationships, rungs []veiviser.Rung) *veiviserv1.GetLoyaltyResponse {
	out := &veiviserv1.GetLoyaltyResponse{
		FirstOrders: r.FirstOrders, Handovers: r.Handovers, MeanHandoverSeconds: r.MeanHandover.Seconds(), DeliveryCases: r.Deliveries,
	}
	for i := range rungs {
		c := r.Rungs[rungs[i].ID]
		out.Rungs = append(out.Rungs, &veiviserv1.RungReport{
			Rung: rungs[i].ID, People: c.People, Promoted: c.Promoted, Demoted: c.Demoted,
		})
	}
	return out
}

// acquisitionToProto tells of every kind of first-time customers that there were or that the plan says the cost of, by source and
// segment.
func acquisitionToProto(r *learn.Relationships, a veiviser.Acquisition) *veiviserv1.GetAcquisitionResponse {
	cells := map[relation.Cell]bool{{}: true}
	for cell := range r.Customers {
		cells[cell] = true
	}
	for i := range a.Costs {
		cells[relation.Cell{Source: a.Costs[i].Source, Segment: a.Costs[i].Segment}] = true
	}
	sorted := slices.SortedFunc(maps.Keys(cells), func(x, y relation.Cell) int {
		return cmp.Or(cmp.Compare(x.Source, y.Source), cmp.Compare(x.Segment, y.Segment))
	})
	out := &veiviserv1.GetAcquisitionResponse{}
	for _, cell := range sorted {
		out.Rows = append(out.Rows, cellToProto(r, &a, cell))
	}
	return out
}

func cellToProto(r *learn.Relationships, a *veiviser.Acquisition, cell relation.Cell) *veiviserv1.Acquisition {
	c := r.Customers[cell]
	var segments []string
	if cell.Segment != "" {
		segments = []string{cell.Segment}
	}
	_, cost := relation.CellOf(a, cell.Source, segments)
	worth := r.Book[cell]
	mean, _ := worth.Within(a.Window)
	expected := relation.Quality(a, worth)
	return &veiviserv1.Acquisition{
		Channel: cell.Source, SegmentId: cell.Segment, Customers: c.Customers, Cost: cost, MeanValue: mean, ExpectedValue: expected,
		Margin: expected - cost, BreakEvenCost: expected, BreakEvenDays: worth.BreakEven(cost, a.Window), Handovers: c.Handovers,
	}
}
