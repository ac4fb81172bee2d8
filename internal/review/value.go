package review

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// disagreement is how far the recorded propensity of an action may lie from the one worked out anew. More means that the
// moment is not what it was, and nothing can be told from it.
const disagreement = 1e-3

// valuation is one evaluation under way.
type valuation struct {
	past              *past
	log               Log
	candidate, active *plan.Snapshot
	learned           *rank.Learned
	placement         string
	limit             int

	rows    []row
	leftOut int
	things  []thing
	index   map[thing]int32
}

// thing is what can be shown first; without an id it is silence.
type thing struct {
	id   string
	kind veiviser.ItemKind
}

// row is a closed decision.
type row struct {
	unit       uint64
	reward     float64
	propensity float64 // the recorded one of what was shown
	taken      int32   // the thing that was shown
	stage      int     // index of the sure standard stage; that after the last when unsure
	acts       []act
}

// act is something that could be shown, with its probability under the plan that decided, the active one and the candidate.
type act struct {
	thing                     int32
	logged, active, candidate float64
}

// run collects the rows.
func (v *valuation) run(ctx context.Context) error {
	decisions, err := closedDecisions(ctx, v.log)
	if err != nil {
		return err
	}
	for len(decisions) > 0 && len(v.rows) < v.limit {
		chunk := decisions[:min(len(decisions), chunkSize)]
		decisions = decisions[len(chunk):]
		odds, err := v.value(ctx, chunk)
		if err != nil {
			return err
		}
		for i := range odds {
			switch o := &odds[i]; {
			case o.elsewhere:
			case !o.usable:
				v.leftOut++
			case len(v.rows) < v.limit:
				v.add(&chunk[i], o)
			}
		}
	}
	return nil
}

// odds is what the three plans would do in place of a decision.
type odds struct {
	// elsewhere says that it was on another placement than asked for, usable that the rest is known.
	elsewhere, usable         bool
	taken                     thing
	propensity                float64
	stage                     int
	logged, active, candidate decide.Odds
}

// value works out the odds of a few decisions.
func (v *valuation) value(ctx context.Context, chunk []closed) ([]odds, error) {
	out := make([]odds, len(chunk))
	at := make(map[string][]int, len(chunk)) // answer to positions in chunk
	ids := make([]string, 0, len(chunk))
	for i := range chunk {
		if at[chunk[i].answer] == nil {
			ids = append(ids, chunk[i].answer)
		}
		at[chunk[i].answer] = append(at[chunk[i].answer], i)
	}
	answers, err := v.log.AnswersByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, g := range byMoment(ids, answers) {
		f, err := v.past.at(ctx, g.moment)
		if err != nil {
			return nil, err
		}
		if f.snap == nil {
			continue
		}
		if err := parallel(ctx, g.ids, func(id string) {
			a := answers[id]
			for _, i := range at[id] {
				out[i] = v.odds(f.snap, &a, chunk[i].index)
			}
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// parallel does something for every id, on up to half of the processors: the others answer visitors.
func parallel(ctx context.Context, ids []string, do func(id string)) error {
	var next atomic.Int64
	var group sync.WaitGroup
	for range max(1, runtime.GOMAXPROCS(0)/2) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(ids) {
					return
				}
				do(ids[i])
			}
		})
	}
	group.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// odds works out what the plans would do in place of the i-th decision of an answer.
func (v *valuation) odds(then *plan.Snapshot, a *veiviser.Answer, i int) odds {
	var o odds
	if i < 0 || i >= len(a.Decisions) || i >= len(a.Request.Placements) {
		return o
	}
	d := &a.Decisions[i]
	if v.placement != "" && d.Placement != v.placement {
		o.elsewhere = true
		return o
	}
	if a.Group == veiviser.GroupControl || a.Degraded != "" || nothingTried(d.Exploration) {
		return o
	}
	o.propensity, o.stage = d.SilencePropensity, veiviser.NumStandardStages
	if len(d.Choices) > 0 {
		o.taken, o.propensity = thing{d.Choices[0].ItemID, d.Choices[0].Kind}, d.Choices[0].Propensity
	}
	if d.Need >= 0 && d.Need < len(a.Needs) && a.Needs[d.Need].Standard != "" {
		o.stage = a.Needs[d.Need].Standard.Index()
	}
	in := decide.Again(a)
	var ok [3]bool
	o.logged, ok[0] = decide.Chances(then, in, i, a.Decisions[:i])
	in.ID, in.Again, in.Learned = "", nil, v.learned
	o.active, ok[1] = decide.Chances(v.active, in, i, a.Decisions[:i])
	o.candidate, ok[2] = decide.Chances(v.candidate, in, i, a.Decisions[:i])
	o.usable = ok == [3]bool{true, true, true} && o.stage >= 0 && o.propensity > 0 &&
		math.Abs(o.logged.Of(o.taken.id)-o.propensity) <= disagreement
	return o
}

// nothingTried reports whether nobody wanted anything tried out, whatever the plan: the log then holds one action alone, and no
// amount of it says anything about another.
func nothingTried(s veiviser.ExplorationState) bool {
	return s == veiviser.ExplorationBuying || s == veiviser.ExplorationComplaining || s == veiviser.ExplorationOffRequest
}

// add makes a row of a decision.
func (v *valuation) add(c *closed, o *odds) {
	r := row{unit: c.unit, reward: c.reward, propensity: o.propensity, stage: o.stage, taken: v.indexOf(o.taken)}
	for _, x := range []struct {
		odds *decide.Odds
		set  func(a *act, p float64)
	}{
		{&o.logged, func(a *act, p float64) { a.logged = p }},
		{&o.active, func(a *act, p float64) { a.active = p }},
		{&o.candidate, func(a *act, p float64) { a.candidate = p }},
	} {
		sum := x.odds.Silence
		for _, it := range x.odds.Items {
			sum += it.P
		}
		if !(sum > 0) {
			continue // no quadrature comes to that
		}
		if x.odds.Silence > 0 {
			x.set(r.actOf(v.indexOf(thing{})), x.odds.Silence/sum)
		}
		for _, it := range x.odds.Items {
			x.set(r.actOf(v.indexOf(thing{it.ItemID, it.Kind})), it.P/sum)
		}
	}
	r.actOf(r.taken).logged = r.propensity
	v.rows = append(v.rows, r)
}
