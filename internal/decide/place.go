package decide

import (
	"cmp"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// place decides on the i-th placement of the request.
func (c *choice) place(i int) veiviser.Decision {
	req := &c.in.Request.Placements[i]
	p, _ := c.snap.Placement(req.Placement)
	d := veiviser.Decision{Placement: p.ID, Channel: cmp.Or(c.context.Channel, p.Channel), Need: c.needFor(p), SilencePropensity: 1}
	var need *veiviser.NeedView
	if d.Need >= 0 {
		need = &c.needs[d.Need]
	} else if len(p.Audiences) > 0 {
		d.Silence = veiviser.SilenceAudience
		return d
	}
	facts := &eligible.Facts{Visitor: c.visitor, Context: &c.context, Need: need, Now: c.in.Time}
	if !p.Allows(facts) {
		d.Silence = veiviser.SilenceRule
		return d
	}
	query := c.query(p, req, need, facts)
	set := c.snap.Catalog.Eligible(query)
	defer set.Release()
	if set.Count() == 0 {
		d.Excluded = set.Exclusions()
		c.fallBack(&d, p, query, room(p, req))
		return d
	}
	c.choose(i, &d, query, set, need)
	if len(d.Choices) == 0 && d.Silence == veiviser.SilenceNone {
		c.fallBack(&d, p, query, room(p, req))
	}
	return d
}

// query is what the catalogue is asked for.
func (c *choice) query(p *plan.Placement, req *veiviser.PlacementRequest, need *veiviser.NeedView,
	facts *eligible.Facts,
) *plan.Query {
	q := &plan.Query{
		Placement: p, Channel: c.context.Channel, Language: c.context.Language, Subject: c.context.Subject,
		Audience: veiviser.AudienceCustomer, Unsure: true, Segments: c.segments, Now: c.in.Time,
		Candidates: req.Candidates, Excluded: req.Excluded, Taken: c.taken, Facts: facts, Explain: c.in.Request.Explain,
	}
	if need != nil {
		q.Audience, q.Journey, q.Unsure = need.Audience, need.Journey, need.Stage == ""
		if q.Subject == "" {
			q.Subject = need.Subject
		}
	}
	return q
}

// room is how many items may be shown.
func room(p *plan.Placement, req *veiviser.PlacementRequest) int {
	if req.MaxItems > 0 {
		return min(p.Room, req.MaxItems)
	}
	return p.Room
}

// choose ranks what is eligible and fills the decision. Without choices and without a silence reason it leaves a
// decision for which no item was left after all.
func (c *choice) choose(i int, d *veiviser.Decision, q *plan.Query, set *plan.Eligible, need *veiviser.NeedView) {
	p := q.Placement
	situation := rank.Situation{Segments: c.segments, Channel: d.Channel}
	if need != nil {
		situation.ByStage = need.ByStandard
	}
	scorer := c.snap.Response.Prepare(situation)
	short := c.snap.Catalog.Shortlist(set, q, scorer)
	cands := make([]rank.Candidate, len(short))
	for k := range short {
		cands[k] = rank.Candidate{Mean: short[k].Mean, Var: short[k].Var, Like: short[k].Like}
	}
	picks, silence := rank.Choose(cands, rank.Options{
		Slots: room(p, &c.in.Request.Placements[i]), Attention: p.Attention, Explore: !c.in.Request.NoExploration,
		Diversity: c.snap.Policy.Diversity, Seed: [2]uint64{c.in.Seed[0], c.in.Seed[1] + uint64(i)},
	})
	d.SilencePropensity = silence
	picked := make([]bool, len(short))
	if len(picks) > 0 {
		d.Choices = make([]veiviser.Choice, 0, len(picks))
	}
	for n, pick := range picks {
		l := &short[pick.Index]
		picked[pick.Index] = true
		ch := c.told(l, need, scorer, pick.Index <= n)
		ch.Score, ch.Propensity = pick.Score, pick.Propensity
		d.Choices = append(d.Choices, ch)
		c.taken = append(c.taken, l.Slot)
	}
	d.Excluded = set.Exclusions()
	c.rest(d, p.Attention, short, picked, scorer)
	if len(picks) == 0 && len(short) > 0 {
		d.Silence = veiviser.SilenceNotUseful
	}
}

// scored describes a candidate: what it is and what its score is made of.
func (c *choice) scored(l *plan.Listed, sc *rank.Scorer) veiviser.Choice {
	return veiviser.Choice{
		ItemID: l.Item.ID, Kind: l.Item.Kind, Representation: l.Representation, Format: l.Format,
		Mean: l.Mean, SD: l.SD(), Parts: sc.Parts(l.Item, c.snap.Catalog.Response(l.Slot), l.Format),
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
// shown at all.
func (c *choice) fallBack(d *veiviser.Decision, p *plan.Placement, q *plan.Query, room int) {
	for _, id := range p.Fallback {
		if len(d.Choices) == room {
			break
		}
		slot, representation, ok := c.snap.Catalog.Showable(id, q)
		if !ok {
			continue
		}
		it := c.snap.Catalog.Item(slot)
		d.Choices = append(d.Choices, veiviser.Choice{
			ItemID: it.ID, Kind: it.Kind, Representation: representation, Format: it.Representations[representation].Format,
			Propensity: 1, Reasons: []veiviser.Because{{Code: veiviser.BecauseFallback}},
		})
		c.taken = append(c.taken, slot)
	}
	d.Fallback = len(d.Choices) > 0
	switch {
	case d.Fallback:
		d.SilencePropensity = 0
	case c.in.Degraded != "":
		d.Silence = veiviser.SilenceUnavailable
	default:
		d.Silence = veiviser.SilenceNothing
	}
}
