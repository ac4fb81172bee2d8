package stage

import "github.com/veiviser/veiviser/internal/veiviser"

// The standard stages from which on an order counts as delivered right.
var delivered = [...]veiviser.StandardStage{veiviser.StageUse, veiviser.StageAdvocate}

// worth fills in what a stage is worth: the chance to end in a delivered order, and the number of events to a stage ahead.
//
// The chain of the journey, ended after each event with probability 1/meanEvents, is absorbed by the delivered stages:
// v = 1 there, and v_k = (1 − 1/meanEvents)·Σ_j T[k][j]·v_j elsewhere (Kemeny and Snell 1960, "Finite Markov Chains", III).
//
// The events from stage k to a stage further ahead are the mean first passage time into the stages whose standard stage
// comes later, for a need that goes on: h_i = 1 + Σ_j T[i][j]·h_j over the stages not ahead of k, read at i = k. It is 0
// when none is ahead, or when she could come to where none ahead can be reached.
func (j *journey) worth(meanEvents float64) {
	n := len(j.stages)
	j.value, j.toNext = make([]float64, n), make([]float64, n)
	goal := make([]bool, n)
	for k, std := range j.standard {
		for _, d := range delivered {
			goal[k] = goal[k] || int(std) == d.Index()
		}
	}
	on := 1 - 1/meanEvents
	one := make([]float64, n)
	for k := range one { // the chance to be absorbed with the next event
		for i := range n {
			if goal[i] {
				one[k] += float64(on * j.moves[k*n+i])
			}
		}
	}
	for k, v := range j.passage(goal, on, one) {
		if j.value[k] = min(max(v, 0), 1); goal[k] {
			j.value[k] = 1
		}
	}
	for k := range n {
		one[k] = 1
	}
	for k := range n {
		for i := range n {
			goal[i] = j.standard[i] > j.standard[k]
		}
		if j.standard[k] >= 0 && j.surely(k, goal) {
			j.toNext[k] = j.passage(goal, 1, one)[k]
		}
	}
}

// passage solves h = gain + on·T·h over the stages that are not goal, where h is 0 on goal. Stages from which the goal
// cannot be reached are left out.
func (j *journey) passage(goal []bool, on float64, gain []float64) []float64 {
	n := len(goal)
	reach := j.reaching(goal)
	a := make([][]float64, n)
	for i := range a {
		a[i] = make([]float64, n+1)
		a[i][i] = 1
		if goal[i] || !reach[i] {
			continue
		}
		a[i][n] = gain[i]
		for k := range n {
			if !goal[k] && reach[k] {
				a[i][k] -= float64(on * j.moves[i*n+k])
			}
		}
	}
	// Gauss–Jordan. The rows of what can leave are diagonally dominant, so no pivoting is needed.
	for p := range n {
		d := a[p][p]
		if d < 1e-12 {
			d = 1e-12
		}
		for k := p; k <= n; k++ {
			a[p][k] /= d
		}
		for i := range n {
			if m := a[i][p]; i != p && m != 0 {
				for k := p; k <= n; k++ {
					a[i][k] -= float64(m * a[p][k])
				}
			}
		}
	}
	h := make([]float64, n)
	for i := range h {
		h[i] = a[i][n]
	}
	return h
}

// reaching tells from which stages the goal can be reached.
func (j *journey) reaching(goal []bool) []bool {
	n := len(goal)
	reach := append([]bool(nil), goal...)
	for changed := true; changed; {
		changed = false
		for i := range n {
			for k := range n {
				if !reach[i] && reach[k] && j.moves[i*n+k] > 0 {
					reach[i], changed = true, true
				}
			}
		}
	}
	return reach
}

// surely reports whether from stage k, without passing the goal, nothing can be reached from which the goal cannot.
func (j *journey) surely(k int, goal []bool) bool {
	n := len(goal)
	reach := j.reaching(goal)
	seen := make([]bool, n)
	var visit func(i int) bool
	visit = func(i int) bool {
		if goal[i] || seen[i] {
			return true
		}
		seen[i] = true
		if !reach[i] {
			return false
		}
		for m := range n {
			if j.moves[i*n+m] > 0 && !visit(m) {
				return false
			}
		}
		return true
	}
	return visit(k)
}
