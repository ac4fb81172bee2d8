package simulate

import "math"

// solution has the values of a way of deciding: V[c][s] is the expected number of orders delivered right that a buyer of
// class c brings from a visit in state s on, Q[c][s][a] the same when arm a is shown at this visit and things go on in that
// way afterwards; a = len(Arms) is nothing.
type solution struct {
	V [][deciding]float64
	Q [][deciding][]float64
}

// rule is a way of deciding that knows the values: what it gets of the arms that fit, q being by arm, the last nothing.
type rule func(q []float64, fitting []int) float64

// best takes the best.
func best(q []float64, fitting []int) float64 {
	most := q[len(q)-1]
	for _, a := range fitting {
		most = max(most, q[a])
	}
	return most
}

// evenly takes any, nothing included, with the same probability.
func evenly(q []float64, fitting []int) float64 {
	sum := q[len(q)-1]
	for _, a := range fitting {
		sum += q[a]
	}
	return sum / float64(len(fitting)+1)
}

// always takes one arm wherever it fits, and nothing elsewhere.
func always(arm int) rule {
	return func(q []float64, fitting []int) float64 {
		for _, a := range fitting {
			if a == arm {
				return q[a]
			}
		}
		return q[len(q)-1]
	}
}

// solve works out the values by value iteration, exact to 1e-12: from every state she may leave, so that the iteration
// contracts.
func (w *World) solve(decide rule) solution {
	sol := solution{V: make([][deciding]float64, len(w.classes)), Q: make([][deciding][]float64, len(w.classes))}
	for c := range w.classes {
		k := &w.classes[c]
		means := make([][deciding]row, len(w.Arms)+1)
		for a := range means {
			for s := range means[a] {
				means[a][s] = k.effects[s][a].mean()
			}
		}
		for s := range sol.Q[c] {
			sol.Q[c][s] = make([]float64, len(means))
		}
		for change := 1.0; change > 1e-12; {
			change = 0
			later := w.afterwards(&sol.V[c])
			for s := range sol.V[c] {
				q := sol.Q[c][s]
				for a := range q {
					q[a] = 0
					for to, p := range means[a][s] {
						q[a] += p * later[to]
					}
				}
				v := 0.0
				for i, p := range k.subjects {
					v += p * decide(q, w.fitting[i])
				}
				change = max(change, math.Abs(v-sol.V[c][s]))
				sol.V[c][s] = v
			}
		}
	}
	return sol
}

// afterwards is the value of ending a visit in each state: the way to the next visit, and 1 for a delivery on it.
func (w *World) afterwards(v *[deciding]float64) (later row) {
	for from := range v {
		for to, p := range w.drift[from] {
			if State(to) != Left {
				later[from] += p * v[to]
			}
		}
	}
	later[Waiting] += w.drift[Waiting][Use]
	return later
}

// newcomer is the value of somebody new, on average over the audience.
func (w *World) newcomer(sol *solution) float64 {
	total := 0.0
	for c := range w.classes {
		for s := range sol.V[c] {
			total += w.classes[c].share * w.courses[s].start * sol.V[c][s]
		}
	}
	return total
}

// bestFixed is the arm that is worth most when it is always shown where it fits.
func (w *World) bestFixed() int {
	arm, most := 0, math.Inf(-1)
	for a := range w.Arms {
		sol := w.solve(always(a))
		if v := w.newcomer(&sol); v > most {
			arm, most = a, v
		}
	}
	return arm
}
