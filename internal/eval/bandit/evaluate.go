package bandit

import (
	"context"
	"slices"

	"github.com/veiviser/veiviser/internal/rank/ope"
)

// The names of policies in a [Report].
const (
	PolicyModel     = "model"
	PolicyBestFixed = "best_fixed"
	PolicyUniform   = "uniform"
)

// Policy is what a log says about a policy.
type Policy struct {
	Name string
	ope.Report
}

// Report is what a log says about a model and what it is measured by.
type Report struct {
	// Policies are the model, if one is judged, the best single action, and every action as likely as any other.
	Policies []Policy
	// Difference is how much more the first policy earns than the second.
	Difference ope.Difference
	// BestFixed are the single actions that best_fixed takes: that of the model's training, or without a model, those
	// that are best for each share of the units on all other shares; mostly it is one.
	BestFixed []string
	// CrossFitted says that BestFixed comes from other shares of this log.
	CrossFitted bool
	Rows, Units int
	// Seen says that the model was learned from this very log, which flatters it.
	Seen bool
	// Agreement is the share of rows at which the model does what best_fixed does.
	Agreement float64
}

// Policy gives the policy of that name.
func (r *Report) Policy(name string) (Policy, bool) {
	i := slices.IndexFunc(r.Policies, func(p Policy) bool { return p.Name == name })
	if i < 0 {
		return Policy{}, false
	}
	return r.Policies[i], true
}

// Refused is the first refusal to conclude on any of the policies or on their difference.
func (r *Report) Refused() ope.Refusal {
	for _, p := range r.Policies {
		if p.Refusal.Refused() {
			return p.Refusal
		}
	}
	return r.Difference.Refusal
}

// EvaluateOptions are those of [Evaluate].
type EvaluateOptions struct {
	ope.Options
	// Seed varies the shares of the units that the reward model is cross-fitted by.
	Seed uint64
	// Progress may be nil.
	Progress func(done, total int)
}

// judgeFolds is by how many shares of the units the reward model of an evaluation is cross-fitted.
const judgeFolds = 5

// mostListed is how many probabilities of actions are held at once; in larger logs bias bounds are estimated.
const mostListed = 4_000_000

// Evaluate says what a model, the best single action and chance would have earned on a log, which must not be the one
// that the model was learned from. m nil: there is no model. The reward model that dm, dr and their kin use is never the
// judged one: it is the simple design, fitted for each of five shares of the units on all the others.
func Evaluate(ctx context.Context, t *Table, m *Model, o EvaluateOptions) (*Report, error) {
	j := &judge{t: t, o: o, fold: t.folds(o.Seed, judgeFolds)}
	if err := j.prepare(ctx); err != nil {
		return nil, err
	}
	r := &Report{Rows: t.Rows(), Units: t.NumUnits(), CrossFitted: m == nil}
	names := []string{PolicyBestFixed, PolicyUniform}
	choices := map[string][]int32{PolicyBestFixed: j.fixed}
	if m != nil {
		names = []string{PolicyModel, PolicyBestFixed, PolicyUniform}
		chosen, err := m.Choose(t)
		if err != nil {
			return nil, err
		}
		place := make([]int32, len(m.Arms)) // of the model's arms in the log, -1 for those it has not
		for a := range m.Arms {
			k, ok := slices.BinarySearch(t.Arms, m.Arms[a].Name)
			if place[a] = int32(k); !ok {
				place[a] = -1
			}
		}
		for i, a := range chosen {
			chosen[i] = place[a]
			j.fixed[i] = place[m.Fixed]
			if int(a) == m.Fixed {
				r.Agreement += 1 / float64(t.Rows())
			}
		}
		choices[PolicyModel] = chosen
		r.BestFixed, r.Seen = []string{m.Arms[m.Fixed].Name}, m.Log == t.print()
	} else {
		r.BestFixed = j.names()
	}
	var rows [][]ope.Row
	for k, name := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		j.tell(judgeFolds + k)
		rows = append(rows, j.rows(choices[name]))
		report, err := ope.Evaluate(rows[k], o.Options)
		if err != nil {
			return nil, err
		}
		r.Policies = append(r.Policies, Policy{name, report})
	}
	d, err := ope.Compare(rows[0], rows[1], o.Options)
	r.Difference = d
	j.tell(judgeFolds + 3)
	return r, err
}

// judge is an evaluation under way.
type judge struct {
	t    *Table
	o    EvaluateOptions
	fold []int
	// q are the predictions for every row and arm, fixed the best arm of all other folds.
	q     []float64
	fixed []int32
}

func (j *judge) tell(done int) {
	if j.o.Progress != nil {
		j.o.Progress(done, judgeFolds+3)
	}
}

// prepare cross-fits the reward model and the best single action.
func (j *judge) prepare(ctx context.Context) error {
	t, arms := j.t, len(j.t.Arms)
	l := learner{ctx: ctx, t: t, fold: j.fold}
	for i := range t.Rows() {
		l.rows = append(l.rows, int32(i))
	}
	g, err := l.gather(0, false)
	if err != nil {
		return err
	}
	j.q, j.fixed = make([]float64, t.Rows()*arms), make([]int32, t.Rows())
	var x, z []feature
	for k := range judgeFolds {
		j.tell(k)
		own, same, err := g.without(k)
		if err != nil {
			return err
		}
		fixed := int32(max(0, best(same.averages(), tried(same.of))))
		for i := range t.Rows() {
			if j.fold[i] != k {
				continue
			}
			x = g.c.row(int32(i), x)
			z = g.d.expand(x, z)
			j.fixed[i] = fixed
			for a := range arms {
				j.q[i*arms+a] = predict(own.weights[a], z)
			}
		}
	}
	return nil
}

// names are the actions that best_fixed takes.
func (j *judge) names() []string {
	var out []string
	for a, name := range j.t.Arms {
		if slices.Contains(j.fixed, int32(a)) {
			out = append(out, name)
		}
	}
	return out
}

// rows are those of a policy: the choice at every row, -1 for what the log never does; nil is all alike.
func (j *judge) rows(choice []int32) []ope.Row {
	t, arms := j.t, len(j.t.Arms)
	out := make([]ope.Row, t.Rows())
	listed := t.Constant && len(out)*(arms+1) <= mostListed
	var actions []ope.Action
	if listed {
		actions = make([]ope.Action, 0, len(out)*(arms+1))
	}
	for i := range out {
		q := j.q[i*arms : (i+1)*arms]
		row := ope.Row{Unit: uint64(t.Unit[i]), Reward: t.Reward[i], Propensity: t.Propensity[i], QLogged: q[t.Arm[i]]}
		from := len(actions)
		for a := range arms {
			target := 1 / float64(arms)
			if choice != nil {
				target = 0
				if choice[i] == int32(a) {
					target = 1
				}
			}
			if int(t.Arm[i]) == a {
				row.Target = target
			}
			row.QTarget += target * q[a]
			if listed {
				actions = append(actions, ope.Action{Propensity: t.Propensity[i], Target: target, Q: q[a]})
			}
		}
		if choice != nil && choice[i] < 0 {
			row.Unsupported = 1
			if listed {
				actions = append(actions, ope.Action{Target: 1})
			}
		}
		if listed {
			row.Actions = actions[from:len(actions):len(actions)]
		}
		out[i] = row
	}
	return out
}
