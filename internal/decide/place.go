package decide

import (
	"cmp"
	"slices"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// place decides on the i-th placement of the request.
func (c *choice) place(i int) veiviser.Decision {
	d, query, need := c.ask(i)
	if query == nil {
		return d
	}
	p, slots := query.Placement, c.slots(i)
	set := c.snap.Catalog.Eligible(query)
	defer set.Release()
	left := c.state(&d, set, query, c.lead(&d, p, set, slots, c.seed(i)))
	switch {
	case c.compared(p):
		c.compare(&d, query, slots)
	case len(d.Choices) > 0 && (left == 0 || set.Count() == 0):
		set.PassOver()
		d.Excluded, d.SilencePropensity = set.Exclusions(), 0
	case set.Count() == 0:
		d.Excluded = set.Exclusions()
	default:
		c.choose(i, &d, query, set, need, left)
	}
	if len(d.Choices) == 0 && d.Silence == veiviser.SilenceNone && !c.fallBack(&d, p, query, slots) {
		c.nothing(&d, query)
	}
	return d
}

// ask looks at the i-th placement of the request: what the catalogue is to be asked for, and the need served. Without a query
// there is nothing to ask, and the decision is complete: the placement is not for her.
func (c *choice) ask(i int) (d veiviser.Decision, query *plan.Query, need *veiviser.NeedView) {
	req := &c.in.Request.Placements[i]
	p, _ := c.snap.Placement(req.Placement)
	d = veiviser.Decision{Placement: p.ID, Channel: cmp.Or(p.Channel, c.context.Channel), Staff: p.Staff, Need: c.needFor(p), SilencePropensity: 1}
	if d.Need >= 0 {
		need = &c.needs[d.Need]
	} else if len(p.Audiences) > 0 {
		d.Silence = veiviser.SilenceAudience
		return d, nil, nil
	}
	facts := &eligible.Facts{Visitor: c.visitor, Context: &c.context, Source: c.source, Need: need, Now: c.in.Time}
	if !p.Allows(facts) {
		d.Silence = veiviser.SilenceRule
		return d, nil, nil
	}
	query = c.query(p, req, need, facts)
	query.Bars, query.Standing = c.bars(p, need, d.Channel), c.relationship(p)
	if c.in.Again != nil {
		query.Said = []veiviser.Scored{}
		if i < len(c.in.Again.Decisions) {
			was := &c.in.Again.Decisions[i]
			query.Said, query.Visited = append(query.Said, was.Scored...), was.Visited
		}
	}
	return d, query, need
}

// query is what the catalogue is asked for.
func (c *choice) query(p *plan.Placement, req *veiviser.PlacementRequest, need *veiviser.NeedView,
	facts *eligible.Facts,
) *plan.Query {
	q := &plan.Query{
		Placement: p, Channel: c.context.Channel, Language: c.context.Language, Subject: c.context.Subject,
		Audience: veiviser.AudienceCustomer, Unsure: true, Segments: c.segments, Now: c.in.Time,
		Candidates: req.Candidates, Excluded: req.Excluded, Taken: c.side(p.Staff).taken, Facts: facts, Explain: c.in.Request.Explain,
	}
	if need != nil {
		q.Audience, q.Journey, q.Unsure = need.Audience, need.Journey, need.Stage == ""
		if q.Subject == "" {
			q.Subject = need.Subject
		}
	}
	return q
}

// slots is how many items may be shown on the i-th placement of the request.
func (c *choice) slots(i int) int {
	req := &c.in.Request.Placements[i]
	p, _ := c.snap.Placement(req.Placement)
	if req.MaxItems > 0 {
		return min(p.Room, req.MaxItems)
	}
	return p.Room
}

// seed decides what is drawn on the i-th placement of the request.
func (c *choice) seed(i int) [2]uint64 { return [2]uint64{c.in.Seed[0], c.in.Seed[1] + uint64(i)} }

// choose ranks what is eligible and fills what room is left. Without choices and without a silence reason it leaves a
// decision for which no item was left after all.
func (c *choice) choose(i int, d *veiviser.Decision, q *plan.Query, set *plan.Eligible, need *veiviser.NeedView, left int) {
	p := q.Placement
	f := c.field(i, d, q, set, need)
	f.bounded(c, p, d.Channel, left)
	short, scorer := f.short, f.scorer
	slate := rank.Choose(f.cands, f.options)
	if f.options.Explore > 0 && !slate.Explored {
		d.Exploration = veiviser.ExplorationSpared
	}
	picks := slate.Picks
	if d.SilencePropensity = slate.Silence; len(d.Choices) > 0 {
		d.SilencePropensity = 0 // what leads is shown whatever is ranked
	}
	d.Scored, d.Visited = set.Said()
	picked, on := make([]bool, len(short)), c.side(p.Staff)
	d.Choices = slices.Grow(d.Choices, len(picks))
	for n, pick := range picks {
		l := &short[pick.Index]
		picked[pick.Index] = true
		ch := c.told(l, need, scorer, slate.Explored && pick.Index > n)
		ch.Score, ch.Propensity = pick.Score, pick.Propensity
		d.Choices = append(d.Choices, ch)
		on.shows(l.Slot, &ch)
		c.shows(l.Item, p, d.Channel)
	}
	d.Excluded = set.Exclusions()
	c.rest(d, p.Attention, short, picked, scorer)
	if len(d.Choices) == 0 && len(short) > 0 {
		d.Silence = veiviser.SilenceNotUseful
	}
}

// field is what a slate is chosen from, and how.
type field struct {
	short   []plan.Listed
	scorer  *rank.Scorer
	cands   []rank.Candidate
	options rank.Options
}

// field scores what is eligible and notes in the decision whether anything may be tried out. It is good until the set is
// released.
func (c *choice) field(i int, d *veiviser.Decision, q *plan.Query, set *plan.Eligible, need *veiviser.NeedView) field {
	p := q.Placement
	f := field{scorer: c.snap.Response.Prepare(c.situation(d, q, need), c.in.Learned)}
	f.short = c.snap.Catalog.Shortlist(set, q, f.scorer)
	f.cands = make([]rank.Candidate, len(f.short))
	for k := range f.short {
		f.cands[k] = rank.Candidate{Mean: f.short[k].Mean, Var: f.short[k].Var, Like: f.short[k].Like}
	}
	f.options = rank.Options{
		Slots: c.slots(i), Attention: p.Attention, Diversity: c.snap.Policy.Diversity,
		Seed: c.seed(i),
	}
	f.options.Explore, d.Exploration = c.exploration(p, need)
	return f
}

// situation is what the response model looks at beside the item.
func (c *choice) situation(d *veiviser.Decision, q *plan.Query, need *veiviser.NeedView) rank.Situation {
	s := rank.Situation{
		Segments: c.segments, Channel: c.context.ChannelAt(d.Channel), Placement: d.Placement, Device: c.context.Device,
		Language: c.context.Language, Subject: q.Subject,
	}
	if need != nil {
		s.ByStage = need.ByStandard
	}
	s.Levers = c.levers()
	return s
}

// exploration is the share of decisions that may try things out here, and why it is none when it is.
func (c *choice) exploration(p *plan.Placement, need *veiviser.NeedView) (float64, veiviser.ExplorationState) {
	switch {
	case c.in.Request.NoExploration:
		return 0, veiviser.ExplorationOffRequest
	case c.visitor.Standing.OpenCases(c.in.Time) > 0:
		return 0, veiviser.ExplorationComplaining
	case need != nil && need.Standard == veiviser.StagePurchase || checkingOut(c.visitor):
		return 0, veiviser.ExplorationBuying
	case p.Explore <= 0 || p.Staff:
		return 0, veiviser.ExplorationSpared
	default:
		return p.Explore, veiviser.ExplorationOn
	}
}

// checkingOut reports whether she has gone to the checkout in this visit and has not bought since.
func checkingOut(v *veiviser.Visitor) bool {
	out := count(v, "checkout")
	return out.InVisit > 0 && out.At > count(v, veiviser.EventPurchase).At
}

// count is what is remembered of a type of event.
func count(v *veiviser.Visitor, eventType string) veiviser.TypeCount {
	for i := range v.Counts {
		if v.Counts[i].Type == eventType {
			return v.Counts[i]
		}
	}
	return veiviser.TypeCount{}
}

// compared reports whether she is compared with on a placement: whoever talks with us is helped, whatever her group.
func (c *choice) compared(p *plan.Placement) bool {
	return c.in.Group == veiviser.GroupControl && !p.Staff
}

// compare serves somebody of the control group, unless something must reach her as it must everybody: what the placement declares
// for the case that there is nothing better.
func (c *choice) compare(d *veiviser.Decision, q *plan.Query, slots int) {
	if len(d.Choices) > 0 {
		d.SilencePropensity = 0
	} else if !c.fallBack(d, q.Placement, q, slots) {
		silent(d, q.Bars, veiviser.SilenceControl)
	}
}

// scored describes a candidate: what it is and what its score is made of.
func (c *choice) scored(l *plan.Listed, sc *rank.Scorer) veiviser.Choice {
	return veiviser.Choice{
		ItemID: l.Item.ID, Kind: l.Item.Kind, Representation: l.Representation, Format: l.Format,
		Mean: l.Mean, SD: l.SD(), Parts: sc.Parts(l.Item, c.snap.Catalog.Response(l.Slot), l.Format, l.Learned),
	}
}

// rest records the runners-up, and why the rest of the short list is not shown.
func (c *choice) rest(d *veiviser.Decision, attention float64, short []plan.Listed, picked []bool, sc *rank.Scorer) {
	below := veiviser.Exclusion{Reason: veiviser.ExcludedNotUseful}
	outranked := veiviser.Exclusion{Reason: veiviser.ExcludedOutranked}
	for k := range short { // the most useful first
		if picked[k] {
			continue
		}
		ex := &outranked
		if short[k].Mean <= attention {
			ex = &below
		}
		ex.Count++
		if c.in.Request.Explain && len(ex.Items) < veiviser.MaxExclusionItems {
			ex.Items = append(ex.Items, short[k].Item.ID)
		}
		if len(d.RunnersUp) < veiviser.MaxRunnersUp {
			if d.RunnersUp == nil {
				d.RunnersUp = make([]veiviser.Choice, 0, min(len(short)-k, veiviser.MaxRunnersUp))
			}
			up := veiviser.Choice{
				ItemID: short[k].Item.ID, Kind: short[k].Item.Kind, Representation: short[k].Representation,
				Format: short[k].Format, Score: short[k].Mean - attention, Mean: short[k].Mean, SD: short[k].SD(),
			}
			if c.in.Request.Explain {
				up = c.scored(&short[k], sc)
				up.Score = up.Mean - attention
			}
			d.RunnersUp = append(d.RunnersUp, up)
		}
	}
	for _, ex := range []veiviser.Exclusion{below, outranked} {
		if ex.Count > 0 {
			d.Excluded = append(d.Excluded, ex)
		}
	}
}

// fallBack serves the items the placement declares for the case that nothing else is eligible, as far as they can be
// shown at all, and reports whether any can.
func (c *choice) fallBack(d *veiviser.Decision, p *plan.Placement, q *plan.Query, room int) bool {
	for _, id := range p.Fallback {
		if len(d.Choices) == room {
			break
		}
		slot, representation, ok := c.snap.Catalog.Showable(id, q)
		if !ok {
			continue
		}
		it := c.snap.Catalog.Item(slot)
		if !c.fits(it, p, d.Channel) {
			continue
		}
		ch := veiviser.Choice{
			ItemID: it.ID, Kind: it.Kind, Representation: representation, Format: it.Representations[representation].Format,
			Propensity: 1, Reasons: []veiviser.Because{{Code: veiviser.BecauseFallback}},
		}
		d.Choices = append(d.Choices, ch)
		c.side(p.Staff).shows(slot, &ch)
	}
	if d.Fallback = len(d.Choices) > 0; d.Fallback {
		d.SilencePropensity = 0
	}
	return d.Fallback
}
