package learn

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Relations counts the steps of the log: how cases are answered, who comes back, who is handed over and climbs, and what first-time
// customers bring. It is a pure state machine, as the ledger is, bounded, and part of the learner's snapshot. The order of lines of
// different visitors does not matter, but for what no longer finds room. The zero value is not ready; use newRelations.
type Relations struct {
	// Open are the cases to be put right, by id, at most maxOpenCases.
	Open map[string]openCase `json:"open"`
	// Early are cases of which the end, or the answer, was heard before the beginning, as may be when identities of different
	// partitions are joined or erased: true is the end. The oldest make room beyond maxEarly.
	Early []earlyCase `json:"early,omitempty"`
	// What follows counts cases: ever opened, answered, resolved, answered late; Waited and Resolving sum seconds.
	Opened    int64   `json:"opened"`
	Answered  int64   `json:"answered"`
	Resolved  int64   `json:"resolved"`
	Late      int64   `json:"late"`
	Waited    float64 `json:"waited"`
	Resolving float64 `json:"resolving"`
	// Deliveries are the cases of late and wrong deliveries.
	Deliveries int64 `json:"deliveries"`
	// Recovery is who came back, by group.
	Recovery map[veiviser.Group]*RecoveryCount `json:"recovery"`
	// FirstOrders and Handovers count people, Took sums the seconds from the one to the other.
	FirstOrders int64   `json:"first_orders"`
	Handovers   int64   `json:"handovers"`
	Took        float64 `json:"took"`
	// Rungs is what happened on each, at most maxRungs.
	Rungs map[string]*RungCount `json:"rungs"`
	// Cells are the first-time customers by source and segment, "source\nsegment", at most maxCells.
	Cells map[string]*CellCount `json:"cells"`
}

// Bounds on what is counted apart.
const (
	maxOpenCases = 20_000
	maxEarly     = 1000
	maxRungs     = 64
	maxCells     = 1024
	maxCellDays  = 400
	day          = 24 * time.Hour
)

type openCase struct {
	Cause    veiviser.CaseCause `json:"c"`
	Subject  string             `json:"s,omitempty"`
	Channel  string             `json:"h,omitempty"`
	Opened   time.Time          `json:"o"`
	Due      time.Time          `json:"d"`
	Answered bool               `json:"a,omitempty"`
}

// RecoveryCount is how many cases of a group were put right, how many of their persons came back, and of these how many by
// recommending: with a share or a review.
type RecoveryCount struct {
	Cases     int64 `json:"c"`
	Recovered int64 `json:"r"`
	Advocates int64 `json:"a"`
}

// RungCount is how many people stand on a rung, how often it was climbed and left downwards.
type RungCount struct {
	People   int64 `json:"n"`
	Promoted int64 `json:"p"`
	Demoted  int64 `json:"d"`
}

// CellCount is what is known of first-time customers of one kind.
type CellCount struct {
	Customers int64 `json:"c"`
	Handovers int64 `json:"h"`
	// Days is the value of their purchases by day since the first order, the first day first.
	Days []float64 `json:"v"`
}

// Value is what they bought in all, as far as it is counted.
func (c *CellCount) Value() float64 {
	sum := 0.0
	for _, v := range c.Days {
		sum += v
	}
	return sum
}

// BreakEven is after how many days the mean value of a customer exceeds a cost; -1 when it does not.
func (c *CellCount) BreakEven(cost float64) float64 {
	sum := 0.0
	for d, v := range c.Days {
		if sum += v; c.Customers > 0 && sum/float64(c.Customers) > cost {
			return float64(d)
		}
	}
	return -1
}

func newRelations() *Relations {
	return &Relations{
		Open: map[string]openCase{}, Recovery: map[veiviser.Group]*RecoveryCount{}, Rungs: map[string]*RungCount{},
		Cells: map[string]*CellCount{},
	}
}

// Fold counts the steps of a line.
func (r *Relations) Fold(e *veiviser.LogEntry) {
	for i := range e.Steps {
		r.fold(&e.Steps[i])
	}
}

func (r *Relations) fold(s *veiviser.Step) {
	switch s.Kind {
	case veiviser.StepCaseOpened, veiviser.StepCaseAnswered, veiviser.StepCaseResolved, veiviser.StepCaseClosed:
		r.caseStep(s)
	case veiviser.StepRecovered:
		c := r.group(s.Group)
		c.Recovered++
		if s.To == "share" || s.To == "review" {
			c.Advocates++
		}
	case veiviser.StepFirstOrder:
		r.FirstOrders++
		r.cells(s, func(c *CellCount) { c.Customers++; c.add(0, s.Value) })
	case veiviser.StepWorth:
		r.cells(s, func(c *CellCount) { c.add(int(s.Took/day), s.Value) })
	case veiviser.StepHandover:
		r.Handovers++
		r.Took += s.Took.Seconds()
		r.cells(s, func(c *CellCount) { c.Handovers++ })
	case veiviser.StepPromoted:
		r.rung(s.From, func(c *RungCount) { c.People-- })
		r.rung(s.To, func(c *RungCount) { c.People++; c.Promoted++ })
	case veiviser.StepDemoted:
		r.rung(s.From, func(c *RungCount) { c.People--; c.Demoted++ })
		r.rung(s.To, func(c *RungCount) { c.People++ })
	case veiviser.StepLeft:
		r.rung(s.From, func(c *RungCount) { c.People-- })
	case veiviser.StepPromised, veiviser.StepReturned: // of one person, and not counted here
	}
}

// caseStep counts what happened to a case.
func (r *Relations) caseStep(s *veiviser.Step) {
	switch s.Kind {
	case veiviser.StepCaseOpened:
		r.Opened++
		if s.Cause != veiviser.CaseComplaint {
			r.Deliveries++
		}
		ended, answered := r.heard(s.About)
		if !ended && len(r.Open) < maxOpenCases {
			r.Open[s.About] = openCase{Cause: s.Cause, Subject: s.Subject, Channel: s.Channel, Opened: s.At.Add(-s.Took), Due: s.At, Answered: answered}
		}
	case veiviser.StepCaseAnswered:
		r.Answered++
		r.Waited += s.Took.Seconds()
		if s.Late {
			r.Late++
		}
		if c, ok := r.Open[s.About]; ok {
			c.Answered = true
			r.Open[s.About] = c
		} else {
			r.early(s.About, false)
		}
	case veiviser.StepCaseResolved:
		r.Resolved++
		r.Resolving += s.Took.Seconds()
		if s.Group != veiviser.GroupUnknown {
			r.group(s.Group).Cases++
		}
		r.end(s.About)
	default:
		r.end(s.About)
	}
}

// earlyCase is a case that was heard of before its beginning.
type earlyCase struct {
	ID    string `json:"i"`
	Ended bool   `json:"e,omitempty"`
}

// end takes a case off, or notes that it need not be put on.
func (r *Relations) end(id string) {
	if _, ok := r.Open[id]; !ok {
		r.early(id, true)
	}
	delete(r.Open, id)
}

func (r *Relations) early(id string, ended bool) {
	r.Early = append(r.Early, earlyCase{id, ended})
	r.Early = r.Early[max(0, len(r.Early)-maxEarly):]
}

// heard reports what was heard of a case before its beginning, and forgets it.
func (r *Relations) heard(id string) (ended, answered bool) {
	r.Early = slices.DeleteFunc(r.Early, func(e earlyCase) bool {
		if e.ID != id {
			return false
		}
		ended, answered = ended || e.Ended, answered || !e.Ended
		return true
	})
	return ended, answered
}

func (r *Relations) group(g veiviser.Group) *RecoveryCount {
	c := r.Recovery[g]
	if c == nil {
		c = &RecoveryCount{}
		r.Recovery[g] = c
	}
	return c
}

// rung changes the count of a rung; below all is none.
func (r *Relations) rung(id string, change func(*RungCount)) {
	c := r.Rungs[id]
	if id == "" || c == nil && len(r.Rungs) >= maxRungs {
		return
	}
	if c == nil {
		c = &RungCount{}
		r.Rungs[id] = c
	}
	change(c)
}

// cells changes the counts of the kinds of first-time customers that the person of a step is one of: all, those of her source, those
// of her segments, and of both.
func (r *Relations) cells(s *veiviser.Step, change func(*CellCount)) {
	sources := []string{""}
	if s.Source != "" {
		sources = append(sources, s.Source)
	}
	for _, source := range sources {
		for i := -1; i < len(s.Segments); i++ {
			key := source + "\n"
			if i >= 0 {
				key += s.Segments[i]
			}
			c := r.Cells[key]
			if c == nil {
				if len(r.Cells) >= maxCells {
					continue
				}
				c = &CellCount{}
				r.Cells[key] = c
			}
			change(c)
		}
	}
}

func (c *CellCount) add(day int, value float64) {
	day = min(max(day, 0), maxCellDays)
	for len(c.Days) <= day {
		c.Days = append(c.Days, 0)
	}
	c.Days[day] += value
}

// cases is the report on cases. Late counts those that were answered late; whoever tells of it adds those that wait, see
// [veiviser.CaseReport.Overdue].
func (r *Relations) cases() veiviser.CaseReport {
	out := veiviser.CaseReport{Opened: r.Opened, Answered: r.Answered, Resolved: r.Resolved, Late: r.Late}
	if r.Answered > 0 {
		out.MeanAnswer = time.Duration(r.Waited / float64(r.Answered) * float64(time.Second))
	}
	if r.Resolved > 0 {
		out.MeanResolve = time.Duration(r.Resolving / float64(r.Resolved) * float64(time.Second))
	}
	for id, c := range r.Open {
		out.Open = append(out.Open, veiviser.OpenCase{
			ID: id, Cause: c.Cause, Subject: c.Subject, Channel: c.Channel, Opened: c.Opened, Due: c.Due, Answered: c.Answered,
		})
		if !c.Answered {
			out.Due = append(out.Due, c.Due)
		}
	}
	slices.SortFunc(out.Due, time.Time.Compare)
	slices.SortFunc(out.Open, func(a, b veiviser.OpenCase) int {
		return cmp.Or(waitsFirst(a.Answered, b.Answered), a.Due.Compare(b.Due), cmp.Compare(a.ID, b.ID))
	})
	out.Open = out.Open[:min(len(out.Open), veiviser.MaxCaseReport)]
	return out
}

func waitsFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

// Relationships is what was counted of relationships, for reading.
type Relationships struct {
	Cases veiviser.CaseReport
	// Treated and Control are the sides of the recovery.
	Treated, Control RecoveryCount
	// FirstOrders and Handovers count people; MeanHandover is the mean time from the one to the other. Deliveries counts the cases of
	// late and wrong deliveries.
	FirstOrders, Handovers, Deliveries int64
	MeanHandover                       time.Duration
	Rungs                              map[string]RungCount
	// Customers is what was observed of first-time customers by kind, Book the same as ranking reads it.
	Customers map[relation.Cell]CellCount
	Book      relation.Book
}

// cellOf reads the key of a cell.
func cellOf(key string) relation.Cell {
	source, segment, _ := strings.Cut(key, "\n")
	return relation.Cell{Source: source, Segment: segment}
}

// shown is a copy for readers.
func (r *Relations) shown() *Relationships {
	out := &Relationships{
		Cases: r.cases(), Treated: *r.group(veiviser.GroupTreated), Control: *r.group(veiviser.GroupControl),
		FirstOrders: r.FirstOrders, Handovers: r.Handovers, Deliveries: r.Deliveries, Rungs: make(map[string]RungCount, len(r.Rungs)),
		Customers: make(map[relation.Cell]CellCount, len(r.Cells)), Book: make(relation.Book, len(r.Cells)),
	}
	if r.Handovers > 0 {
		out.MeanHandover = time.Duration(r.Took / float64(r.Handovers) * float64(time.Second))
	}
	for id, c := range r.Rungs {
		out.Rungs[id] = *c
	}
	for key, c := range r.Cells {
		cell, copied := cellOf(key), *c
		copied.Days = slices.Clone(c.Days)
		out.Customers[cell] = copied
		out.Book[cell] = relation.Worth{Customers: c.Customers, Value: c.Value()}
	}
	return out
}
