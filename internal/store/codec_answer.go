package store

import "github.com/veiviser/veiviser/internal/veiviser"

const (
	minNeedView  = minNeed + 4 + 8*veiviser.NumStandardStages
	minPlacement = 4
	minDecision  = 16
	minChoice    = 38
	minPart      = 9
	minBecause   = 3
	minExclusion = 3
	minChance    = 1 + bytesFloat
)

// answer writes a, without the events of its request.
func (w *writer) answer(a *veiviser.Answer) {
	w.baseTime(a.Time)
	w.string(a.ID)
	w.uint(a.PlanVersion)
	w.uint(a.Catalog)
	w.uint(a.Activation)
	w.uint(a.Model)
	w.time(a.Made)
	w.string(string(a.Group))
	w.terms(&a.Terms)
	w.uint(a.Seed[0])
	w.uint(a.Seed[1])
	w.request(&a.Request)
	w.visitor(&a.Visitor)
	w.uint(uint64(len(a.Needs)))
	for i := range a.Needs {
		w.needView(&a.Needs[i])
	}
	w.strings(a.Segments)
	w.uint(uint64(len(a.Decisions)))
	for i := range a.Decisions {
		w.decision(&a.Decisions[i])
	}
	w.string(a.Degraded)
	each(w, a.Switches, w.swtch)
	w.bool(a.Account != nil)
	if a.Account != nil {
		w.visitor(a.Account)
	}
	w.float(a.Margin)
	w.uint(uint64(len(a.Showing)))
	for _, h := range a.Showing {
		w.uint(h)
	}
}

func (r *reader) answer(a *veiviser.Answer) {
	a.Time = r.baseTime()
	a.ID = r.string()
	a.PlanVersion = r.uint()
	a.Catalog = r.uint()
	if r.version >= 3 {
		a.Activation = r.uint()
		a.Model = r.uint()
		a.Made = r.time()
		a.Group = veiviser.Group(r.string())
		r.terms(&a.Terms)
	}
	a.Seed = [2]uint64{r.uint(), r.uint()}
	r.request(&a.Request)
	r.visitor(&a.Visitor)
	if n := r.count(minNeedView); n > 0 {
		a.Needs = make([]veiviser.NeedView, n)
		for i := range a.Needs {
			r.needView(&a.Needs[i])
		}
	}
	a.Segments = r.strings()
	if n := r.count(minDecision); n > 0 {
		a.Decisions = make([]veiviser.Decision, n)
		for i := range a.Decisions {
			r.decision(&a.Decisions[i])
		}
	}
	a.Degraded = r.string()
	if r.version < 4 {
		return
	}
	a.Switches = list(r, minSwitch, r.swtch)
	if r.bool() {
		a.Account = new(veiviser.Visitor)
		r.visitor(a.Account)
	}
	a.Margin = r.float()
	a.Showing = list(r, 1, func(h *uint64) { *h = r.uint() })
}

func (w *writer) request(q *veiviser.Request) {
	w.string(q.VisitorID)
	c := &q.Context
	for _, s := range [...]string{c.Channel, c.Device, c.Language, c.Referrer, c.Page, c.Query, c.Subject} {
		w.string(s)
	}
	w.stringMap(c.Attributes)
	w.uint(uint64(len(q.Placements)))
	for i := range q.Placements {
		p := &q.Placements[i]
		w.string(p.Placement)
		w.int(int64(p.MaxItems))
		w.strings(p.Candidates)
		w.strings(p.Excluded)
	}
	w.bool(q.Preview)
	w.bool(q.NoExploration)
	w.bool(q.Explain)
	w.time(q.Time)
}

func (r *reader) request(q *veiviser.Request) {
	q.VisitorID = r.string()
	c := &q.Context
	for _, s := range [...]*string{&c.Channel, &c.Device, &c.Language, &c.Referrer, &c.Page, &c.Query, &c.Subject} {
		*s = r.string()
	}
	c.Attributes = r.stringMap()
	if n := r.count(minPlacement); n > 0 {
		q.Placements = make([]veiviser.PlacementRequest, n)
		for i := range q.Placements {
			q.Placements[i] = veiviser.PlacementRequest{
				Placement: r.string(), MaxItems: int(r.int()), Candidates: r.strings(), Excluded: r.strings(),
			}
		}
	}
	q.Preview = r.bool()
	q.NoExploration = r.bool()
	q.Explain = r.bool()
	q.Time = r.time()
}

func (w *writer) needView(n *veiviser.NeedView) {
	w.need(&n.Need)
	w.string(n.Stage)
	w.string(string(n.Standard))
	for _, p := range n.ByStandard {
		w.float(p)
	}
	w.string(n.Audience)
	w.bool(n.New)
	w.bool(n.Account)
	w.float(n.Value)
	w.float(n.EventsToNext)
	w.bool(n.Forecast != nil)
	if f := n.Forecast; f != nil {
		w.chances(f.Later)
		w.chances(f.Next)
		w.float(f.End)
	}
}

func (r *reader) needView(n *veiviser.NeedView) {
	r.need(&n.Need)
	n.Stage = r.string()
	n.Standard = veiviser.StandardStage(r.string())
	for i := range n.ByStandard {
		n.ByStandard[i] = r.float()
	}
	n.Audience = r.string()
	n.New = r.bool()
	if r.version >= 4 {
		n.Account = r.bool()
	}
	if r.version < 2 {
		return
	}
	n.Value = r.float()
	n.EventsToNext = r.float()
	if r.bool() {
		n.Forecast = &veiviser.VisitForecast{Later: r.chances(), Next: r.chances(), End: r.float()}
	}
}

func (w *writer) chances(list []veiviser.Chance) {
	w.uint(uint64(len(list)))
	for i := range list {
		w.string(list[i].Type)
		w.float(list[i].P)
	}
}

func (r *reader) chances() []veiviser.Chance {
	n := r.count(minChance)
	if n == 0 {
		return nil
	}
	list := make([]veiviser.Chance, n)
	for i := range list {
		list[i] = veiviser.Chance{Type: r.string(), P: r.float()}
	}
	return list
}

func (w *writer) decision(d *veiviser.Decision) {
	w.string(d.ID)
	w.string(d.Placement)
	w.string(d.Channel)
	w.int(int64(d.Need))
	w.choices(d.Choices)
	w.string(string(d.Silence))
	w.bool(d.Fallback)
	w.float(d.SilencePropensity)
	w.choices(d.RunnersUp)
	w.uint(uint64(len(d.Excluded)))
	for i := range d.Excluded {
		e := &d.Excluded[i]
		w.string(string(e.Reason))
		w.int(int64(e.Count))
		w.strings(e.Items)
		w.strings(e.About)
	}
	w.string(string(d.Exploration))
	w.scored(d.Scored)
	w.bool(d.Visited)
	w.time(d.Until)
	w.bool(d.Staff)
}

func (r *reader) decision(d *veiviser.Decision) {
	d.ID = r.string()
	d.Placement = r.string()
	d.Channel = r.string()
	d.Need = int(r.int())
	d.Choices = r.choices()
	d.Silence = veiviser.SilenceReason(r.string())
	d.Fallback = r.bool()
	d.SilencePropensity = r.float()
	d.RunnersUp = r.choices()
	if n := r.count(minExclusion); n > 0 {
		d.Excluded = make([]veiviser.Exclusion, n)
		for i := range d.Excluded {
			d.Excluded[i] = veiviser.Exclusion{
				Reason: veiviser.ExclusionReason(r.string()), Count: int(r.int()), Items: r.strings(),
			}
			if r.version >= 4 {
				d.Excluded[i].About = r.strings()
			}
		}
	}
	if r.version >= 3 {
		d.Exploration = veiviser.ExplorationState(r.string())
		d.Scored = r.scored()
		d.Visited = r.bool()
	}
	if r.version >= 4 {
		d.Until, d.Staff = r.time(), r.bool()
	}
}

func (w *writer) choices(list []veiviser.Choice) {
	w.uint(uint64(len(list)))
	for i := range list {
		c := &list[i]
		w.string(c.ItemID)
		w.string(string(c.Kind))
		w.string(c.Format)
		w.int(int64(c.Representation))
		for _, f := range [...]float64{c.Score, c.Mean, c.SD, c.Propensity} {
			w.float(f)
		}
		w.uint(uint64(len(c.Parts)))
		for _, p := range c.Parts {
			w.string(p.Name)
			w.float(p.Add)
		}
		w.uint(uint64(len(c.Reasons)))
		for _, b := range c.Reasons {
			w.string(string(b.Code))
			w.string(b.About)
			w.string(b.Journey)
		}
	}
}

func (r *reader) choices() []veiviser.Choice {
	n := r.count(minChoice)
	if n == 0 {
		return nil
	}
	list := make([]veiviser.Choice, n)
	for i := range list {
		c := &list[i]
		c.ItemID = r.string()
		c.Kind = veiviser.ItemKind(r.string())
		c.Format = r.string()
		c.Representation = int(r.int())
		for _, f := range [...]*float64{&c.Score, &c.Mean, &c.SD, &c.Propensity} {
			*f = r.float()
		}
		if k := r.count(minPart); k > 0 {
			c.Parts = make([]veiviser.Part, k)
			for j := range c.Parts {
				c.Parts[j] = veiviser.Part{Name: r.string(), Add: r.float()}
			}
		}
		if k := r.count(minBecause); k > 0 {
			c.Reasons = make([]veiviser.Because, k)
			for j := range c.Reasons {
				c.Reasons[j] = veiviser.Because{
					Code: veiviser.BecauseCode(r.string()), About: r.string(), Journey: r.string(),
				}
			}
		}
	}
	return list
}
