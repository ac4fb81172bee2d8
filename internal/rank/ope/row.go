package ope

import (
	"fmt"
	"math"

	"github.com/veiviser/veiviser/internal/veiviser"
)

const (
	// leastPropensity is the smallest propensity that can be divided by in good faith.
	leastPropensity = 1e-12
	// mostValue is the largest reward or prediction, so that no sum of fourth powers overflows.
	mostValue = 1e15
	// leastWeight is the smallest weight that is not taken for 0, so that its square is not either.
	leastWeight = 1e-60
	// slack is how far probabilities of one row may be from adding up, as those of package rank carry small errors.
	slack = 1e-3
)

// Row is one logged choice, with what the target policy would have done in its place.
type Row struct {
	// Unit is the customer. Rows of one unit may depend on each other, rows of different units must not.
	Unit uint64
	// Reward is what the choice earned, in any unit, up to ±1e15.
	Reward float64
	// Propensity is the probability with which the logging policy made this choice, in (0, 1] and at least 1e-12.
	Propensity float64
	// Target is the probability with which the target policy would have made it, in [0, 1].
	Target float64
	// QLogged is the reward model's prediction for the logged action, QTarget its mean over the target's actions,
	// Σₐ π(a|x)·q(x,a). Both 0 where there is no model: dr is then ips.
	QLogged, QTarget float64
	// Unsupported is the probability, in [0, 1], that the target takes an action here that the logger never takes.
	Unsupported float64
	// Actions may list every action that could have been taken, the logged one with the very Propensity and Target above. QTarget and Unsupported are then
	// worked out from it, whatever they are above, and the bias bounds of switch-dr and dros are exact where they are
	// otherwise estimated from the logged actions.
	Actions []Action
}

// Action is one of the actions that could have been taken at a row.
type Action struct {
	// Propensity and Target are the probabilities of the action under the logging and the target policy, in [0, 1]. Over the
	// actions of a row targets add up to 1 and propensities to no more, both within 0.001. A Propensity below 1e-12 is never.
	Propensity, Target float64
	// Q is the reward model's prediction.
	Q float64
}

// check returns a [*veiviser.Error] that names the first number that cannot be, or nil.
func check(rows []Row) error {
	for i := range rows {
		if field, problem := rows[i].problem(); problem != "" {
			return veiviser.Invalid(veiviser.ReasonInvalidField, fmt.Sprintf("rows[%d].%s", i, field), "%s", problem)
		}
	}
	return nil
}

func (r *Row) problem() (field, problem string) {
	switch {
	case !value(r.Reward):
		return "reward", fmt.Sprintf("must be a number within ±1e15, is %v", r.Reward)
	case !(r.Propensity >= leastPropensity && r.Propensity <= 1):
		return "propensity", fmt.Sprintf("must be in (0, 1] and at least 1e-12, is %v", r.Propensity)
	case !share(r.Target):
		return "target", fmt.Sprintf("must be in [0, 1], is %v", r.Target)
	case !value(r.QLogged):
		return "q_logged", fmt.Sprintf("must be a number within ±1e15, is %v", r.QLogged)
	case len(r.Actions) > 0:
		return r.actionProblem()
	case !value(r.QTarget):
		return "q_target", fmt.Sprintf("must be a number within ±1e15, is %v", r.QTarget)
	case !share(r.Unsupported):
		return "unsupported", fmt.Sprintf("must be in [0, 1], is %v", r.Unsupported)
	}
	return "", ""
}

func (r *Row) actionProblem() (field, problem string) {
	propensities, targets, listed := 0.0, 0.0, false
	for k, a := range r.Actions {
		switch {
		case !share(a.Propensity):
			return fmt.Sprintf("actions[%d].propensity", k), fmt.Sprintf("must be in [0, 1], is %v", a.Propensity)
		case !share(a.Target):
			return fmt.Sprintf("actions[%d].target", k), fmt.Sprintf("must be in [0, 1], is %v", a.Target)
		case !value(a.Q):
			return fmt.Sprintf("actions[%d].q", k), fmt.Sprintf("must be a number within ±1e15, is %v", a.Q)
		}
		propensities, targets = propensities+a.Propensity, targets+a.Target
		listed = listed || alike(a.Propensity, r.Propensity) && alike(a.Target, r.Target)
	}
	switch {
	case !listed:
		return "actions", "none has the propensity and the target probability of the logged action"
	case math.Abs(targets-1) > slack:
		return "actions", fmt.Sprintf("their target probabilities must add up to 1, not to %v", targets)
	case propensities > 1+slack:
		return "actions", fmt.Sprintf("their propensities add up to %v, more than 1", propensities)
	}
	return "", ""
}

// alike allows for rounding.
func alike(p, q float64) bool { return math.Abs(p-q) <= same/10*q }

func value(x float64) bool { return math.Abs(x) <= mostValue }

func share(p float64) bool { return p >= 0 && p <= 1 }

// sample is checked rows, laid out for many passes.
type sample struct {
	o                                         Options
	n, units                                  int
	unit                                      []int32
	weight, reward, residual, predicted, lost []float64
	// pairs are the target's actions as far as they are known: their weights, and the target's probability of each, or
	// an unbiased estimate of it where only the logged action is known.
	pairs []pair
	sums  []float64 // by unit, of whatever is spread
	meanW float64
}

type pair struct{ mass, weight float64 }

func newSample(rows []Row, o Options) *sample {
	n := len(rows)
	block, pairs := make([]float64, 5*n), 0
	for i := range rows {
		pairs += max(1, len(rows[i].Actions))
	}
	s := &sample{
		o: o, n: n, unit: make([]int32, n), weight: block[:n], reward: block[n : 2*n], residual: block[2*n : 3*n],
		predicted: block[3*n : 4*n], lost: block[4*n:], pairs: make([]pair, 0, pairs),
	}
	index := make(map[uint64]int32, n)
	for i := range rows {
		r := &rows[i]
		u, ok := index[r.Unit]
		if !ok {
			u = int32(len(index))
			index[r.Unit] = u
		}
		w := r.Target / r.Propensity
		if w < leastWeight {
			w = 0
		}
		s.unit[i], s.weight[i], s.reward[i], s.residual[i] = u, w, r.Reward, r.Reward-r.QLogged
		s.predicted[i], s.lost[i] = r.QTarget, r.Unsupported
		if len(r.Actions) > 0 {
			s.predicted[i], s.lost[i] = s.list(r.Actions)
		} else if w > 0 {
			s.pairs = append(s.pairs, pair{w, w})
		}
	}
	s.units = len(index)
	s.sums = make([]float64, s.units)
	s.meanW = mean(s.weight)
	return s
}

// list keeps the pairs of actions and returns the mean prediction and the unsupported probability of the target.
func (s *sample) list(actions []Action) (predicted, lost float64) {
	for _, a := range actions {
		predicted += a.Target * a.Q
		switch {
		case a.Target < leastWeight:
		case a.Propensity < leastPropensity:
			lost += a.Target
		default:
			s.pairs = append(s.pairs, pair{a.Target, a.Target / a.Propensity})
		}
	}
	return predicted, min(lost, 1)
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}
