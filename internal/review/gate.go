package review

import (
	"context"
	"fmt"
	"math"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// PassesGate says whether a plan may be published in place of the one whose gate it is (see [Report.Gate]), by a report about
// it; when it may not, why, with what would let it pass. A gate without MinRows lets everything pass.
func PassesGate(r *Report, g veiviser.Gate) (passes bool, why string) {
	if g.MinRows <= 0 {
		return true, ""
	}
	d := &r.Difference
	switch refusal := r.Refusal(); {
	case r.Plan.Rows < g.MinRows:
		return false, fmt.Sprintf("it asks for %d logged decisions, and there are %d that can be used; wait for %d more",
			g.MinRows, r.Plan.Rows, g.MinRows-r.Plan.Rows)
	case refusal.Refused():
		return false, fmt.Sprintf("%d logged decisions allow no conclusion: %s", r.Plan.Rows, refusal.Message)
	case d.Low >= -g.MaxLoss:
		return true, ""
	}
	why = fmt.Sprintf("by %d logged decisions the plan changes the reward per decision by %+.4f (95 %% interval %+.4f to %+.4f), and "+
		"no more than %.4f may be lost", r.Plan.Rows, d.Value, d.Low, d.High, g.MaxLoss)
	if d.Value <= -g.MaxLoss {
		return false, why + "; a plan that is not worse passes"
	}
	// The interval narrows with the square root of the decisions.
	by := (d.Value - d.Low) / (d.Value + g.MaxLoss)
	needed := float64(r.Plan.Rows) * by * by
	if needed > MaxLimit {
		return false, why + "; a plan that is closer to the active one, or better, passes"
	}
	return false, why + fmt.Sprintf("; about %.0f decisions would narrow the interval enough if the difference stays", math.Ceil(needed))
}

// Admit is the gate of the active plan: nil when p may be published, KindPrecondition with GATE_CLOSED when it may not. What
// is no question of the gate passes: a plan with mistakes, the active plan itself, the first plan. Other errors are those of
// [Reviewer.Evaluate].
func (r *Reviewer) Admit(ctx context.Context, p *veiviser.Plan) error {
	active := r.plans.Active()
	if active == nil || active.Policy.Gate.MinRows <= 0 || len(plan.Validate(p)) > 0 || len(plan.Diff(active.Plan, p)) == 0 {
		return nil
	}
	gate := active.Policy.Gate
	report, err := r.Evaluate(ctx, p, Question{Limit: max(DefaultLimit, gate.MinRows)})
	if err != nil {
		return err
	}
	if passes, why := PassesGate(&report, report.Gate); !passes {
		return veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonGateClosed, nil,
			"the gate of plan version %d is closed: %s; skip_gate publishes all the same", active.Version, why)
	}
	return nil
}
