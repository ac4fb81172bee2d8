package decide

import (
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Odds is how likely what is to be shown first on a placement. The probabilities sum to 1, to the accuracy of
// [rank.Propensities].
type Odds struct {
	// Items are those with a chance, the most useful first.
	Items []Chance
	// Silence is the probability that nothing is shown.
	Silence float64
}

// Chance is how likely an item is to be shown first.
type Chance struct {
	ItemID string
	Kind   veiviser.ItemKind
	P      float64
}

// Of is the probability of an item, or of silence for "".
func (o *Odds) Of(itemID string) float64 {
	if itemID == "" {
		return o.Silence
	}
	for i := range o.Items {
		if o.Items[i].ItemID == itemID {
			return o.Items[i].P
		}
	}
	return 0
}

// Chances are those of [Decide] to show an item first on the i-th placement of the request, whatever the seed: all that
// Decide does up to the slate. before are the decisions on the placements before it. ok is false when the snapshot has no
// such placement. It costs several times as much as Decide.
func Chances(snap *plan.Snapshot, in Input, i int, before []veiviser.Decision) (odds Odds, ok bool) {
	if i < 0 || i >= len(in.Request.Placements) {
		return odds, false
	}
	if _, ok := snap.Placement(in.Request.Placements[i].Placement); !ok {
		return odds, false
	}
	in.Request.Explain = false // names of what is out are of no use here
	c := begin(snap, &in)
	defer c.tally.Release()
	for k := range before {
		c.showed(&before[k])
	}
	return c.odds(i), true
}

// showed notes what an earlier placement of the answer shows.
func (c *choice) showed(d *veiviser.Decision) {
	p, known := c.snap.Placement(d.Placement)
	for i := range d.Choices {
		slot, ok := c.snap.Catalog.Slot(d.Choices[i].ItemID)
		if !ok {
			continue
		}
		c.side(d.Staff).shows(slot, &d.Choices[i])
		if known {
			c.shows(c.snap.Catalog.Item(slot), p, d.Channel)
		}
	}
}

// odds are the chances on the i-th placement.
func (c *choice) odds(i int) Odds {
	d, query, need := c.ask(i)
	if query == nil {
		return certain(&d)
	}
	set := c.snap.Catalog.Eligible(query)
	defer set.Release()
	if lead := set.LeadOdds(c.slots(i)); len(lead) > 0 {
		odds := Odds{Items: make([]Chance, len(lead))}
		for k := range lead {
			odds.Items[k] = Chance{lead[k].Item.ID, lead[k].Item.Kind, lead[k].Propensity}
		}
		return odds
	}
	if c.state(&d, set, query, 1); len(d.Choices) > 0 {
		return certain(&d)
	}
	if set.Count() > 0 && !c.compared(query.Placement) {
		if f := c.field(i, &d, query, set, need); len(f.short) > 0 {
			return f.odds()
		}
	}
	c.fallBack(&d, query.Placement, query, c.slots(i))
	return certain(&d)
}

// odds are the chances of the first slot.
func (f *field) odds() Odds {
	p, silence := rank.Propensities(f.cands, f.options)
	out := Odds{Silence: silence}
	for k := range f.short {
		if p[k] > 0 {
			out.Items = append(out.Items, Chance{f.short[k].Item.ID, f.short[k].Item.Kind, p[k]})
		}
	}
	return out
}

// certain are the chances of a decision that nothing was left to chance in.
func certain(d *veiviser.Decision) Odds {
	if len(d.Choices) == 0 {
		return Odds{Silence: 1}
	}
	return Odds{Items: []Chance{{d.Choices[0].ItemID, d.Choices[0].Kind, 1}}}
}
