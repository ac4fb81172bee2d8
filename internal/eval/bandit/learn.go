package bandit

import (
	"context"
	"math"
)

// LearnOptions are those of [Learn].
type LearnOptions struct {
	// Seed varies the shares of the units for cross-validation. The same log and seed give the same model.
	Seed uint64
	// Source is what the model says that it was learned from, such as the name of the log.
	Source string
	// Progress, if not nil, is told what is done at the moment and how far it is.
	Progress func(what string, done, total int)
}

// How it is decided whether the context matters.
const (
	folds     = 10
	enough    = 1.96 // standard errors, each of two looks
	hats      = 6    // of a numeric column in the rich design
	shareSeed = 0x1ea2
)

// Learn learns a policy from a log: the best action by context where the log shows that the context matters, else the best
// single action. The package comment says how that is decided. Errors are that of ctx, or say that no model can be fitted.
func Learn(ctx context.Context, t *Table, o LearnOptions) (*Model, error) {
	rows := make([]int32, t.Rows())
	for i := range rows {
		rows[i] = int32(i)
	}
	return learn(ctx, t, rows, o)
}

// learn learns from some rows of a table.
func learn(ctx context.Context, t *Table, rows []int32, o LearnOptions) (*Model, error) {
	l := learner{ctx: ctx, t: t, rows: rows, o: o, fold: t.folds(o.Seed^shareSeed, folds)}
	simple, err := l.look("simple", 0, false)
	if err != nil {
		return nil, err
	}
	fixed, err := fit(simple.of, simple.d.group, alike(offline()))
	if err != nil {
		return nil, err
	}
	m := &Model{Source: o.Source, Log: t.print(), Seed: o.Seed, Rows: len(rows), Fixed: best(fixed.averages(), tried(simple.of)), Looks: []Look{simple.Look}}
	units := map[int32]bool{}
	for _, r := range rows {
		units[t.Unit[r]] = true
	}
	m.Units = len(units)
	for a, name := range t.Arms {
		s := &simple.of[a]
		m.Arms = append(m.Arms, Arm{Name: name, Rows: int(s.n), Mean: s.reward / max(s.n, 1)})
	}
	rich, err := l.gather(hats, true)
	if err != nil {
		return nil, err
	}
	if simple.Matters {
		m.Contextual = true
	} else {
		second, err := l.compare("rich", rich)
		if err != nil {
			return nil, err
		}
		m.Looks = append(m.Looks, second.Look)
		m.Contextual = second.Matters
	}
	l.tell("fitting", 0, 1)
	h, err := fit(rich.of, rich.d.group, offline())
	if err != nil {
		return nil, err
	}
	m.take(rich.d, h)
	l.tell("fitting", 1, 1)
	return m, nil
}

func alike(s settings) settings {
	s.alike = true
	return s
}

// tried says which arms have rows.
func tried(of []sums) []bool {
	out := make([]bool, len(of))
	for a := range of {
		out[a] = of[a].n > 0
	}
	return out
}

// best is the index of the largest value that may be taken.
func best(values []float64, may []bool) int {
	best := -1
	for a, v := range values {
		if may[a] && (best < 0 || v > values[best]) {
			best = a
		}
	}
	return best
}

// averages are the arms' expected rewards over all contexts that were seen.
func (h *hierarchy) averages() []float64 {
	out := make([]float64, len(h.of))
	n := 0.0
	for k := range h.of {
		n += h.of[k].n
		for i := range h.group {
			z := h.of[k].gram[i] // the first row sums the features
			for a := range out {
				out[a] += h.weights[a][i] * z
			}
		}
	}
	for a := range out {
		out[a] /= n
	}
	return out
}

// Look is the answer to whether rewards of left-out units are predicted better when arms have effects of the context of
// their own.
type Look struct {
	// Design is simple for a line per column, rich for curves and products as well.
	Design string `json:"design"`
	// Gain is by how much the squared error of a row gets smaller, in units of the variance of rewards, and Errors how many
	// standard errors, clustered by unit, that is. Matters says that these are enough.
	Gain    float64 `json:"gain"`
	Errors  float64 `json:"standard_errors"`
	Matters bool    `json:"matters"`
}

// learner is a learning under way.
type learner struct {
	ctx  context.Context //nolint:containedctx // it lives for one call of learn
	t    *Table
	rows []int32
	o    LearnOptions
	fold []int
}

func (l *learner) tell(what string, done, total int) {
	if l.o.Progress != nil {
		l.o.Progress(what, done, total)
	}
}

// gathered is a design and what it makes of the rows, by fold and in all.
type gathered struct {
	Look
	d     *design
	c     coded
	parts [][]sums
	of    []sums
}

// look gathers and compares.
func (l *learner) look(name string, hats int, pairs bool) (*gathered, error) {
	g, err := l.gather(hats, pairs)
	if err != nil {
		return nil, err
	}
	return l.compare(name, g)
}

// gather sums up the rows.
func (l *learner) gather(hats int, pairs bool) (*gathered, error) {
	e := newEncoder(l.t, hats, l.rows)
	g := &gathered{d: newDesign(e, pairs), c: e.code(l.t)}
	if g.d.width()*len(l.t.Arms) > len(l.rows) { // products ask for more rows
		g.d = newDesign(e, false)
	}
	for range folds {
		g.parts = append(g.parts, newSums(len(l.t.Arms), g.d.width()))
	}
	var x, z []feature
	for k, r := range l.rows {
		if k%1024 == 0 {
			if err := l.ctx.Err(); err != nil {
				return nil, err
			}
			l.tell("counting", k, len(l.rows))
		}
		x = g.c.row(r, x)
		z = g.d.expand(x, z)
		g.parts[l.fold[r]][l.t.Arm[r]].add(z, l.t.Reward[r])
	}
	g.of = newSums(len(l.t.Arms), g.d.width())
	for _, part := range g.parts {
		for a := range g.of {
			g.of[a].merge(&part[a])
		}
	}
	return g, nil
}

// compare cross-validates the model with and without own effects of the arms.
func (l *learner) compare(name string, g *gathered) (*gathered, error) {
	byUnit := map[int32]float64{}
	var x, z []feature
	for k := range folds {
		if err := l.ctx.Err(); err != nil {
			return nil, err
		}
		l.tell("cross-validating", k, folds)
		own, same, err := g.without(k)
		if err != nil {
			return nil, err
		}
		for _, r := range l.rows {
			if l.fold[r] != k {
				continue
			}
			x = g.c.row(r, x)
			z = g.d.expand(x, z)
			a, y := l.t.Arm[r], l.t.Reward[r]
			e, f := y-predict(same.weights[a], z), y-predict(own.weights[a], z)
			byUnit[l.t.Unit[r]] += e*e - f*f
		}
	}
	g.Look = Look{Design: name}
	sum, squares := 0.0, 0.0
	for _, r := range l.rows { // in the order of rows: that of a map varies, and sums with it
		u := l.t.Unit[r]
		d, ok := byUnit[u]
		if !ok {
			continue
		}
		delete(byUnit, u)
		sum += d
		squares += d * d
	}
	_, v := level(g.of)
	g.Gain = sum / v / float64(len(l.rows))
	if squares > 0 {
		g.Errors = sum / math.Sqrt(squares)
	}
	g.Matters = g.Errors > enough
	return g, nil
}

// without fits both models to all folds but one.
func (g *gathered) without(k int) (own, same *hierarchy, err error) {
	rest := make([]sums, len(g.of))
	for a := range rest {
		rest[a] = g.of[a].less(&g.parts[k][a])
	}
	if own, err = fit(rest, g.d.group, offline()); err != nil {
		return nil, nil, err
	}
	same, err = fit(rest, g.d.group, alike(offline()))
	return own, same, err
}
