package simulate

import (
	"math"
	"math/rand/v2"
)

// Thompson is Thompson sampling without context: a Beta belief about the reward of each item (Agrawal and Goyal 2012, where
// rewards between 0 and 1 count in part; others are cut to that).
type Thompson struct {
	name   string
	reward Reward
	rand   *rand.Rand
	// good and bad are by arm; the last is nothing.
	good, bad []float64
}

// NewThompson is a policy that starts from a flat belief.
func NewThompson(w *World, name string, seed uint64, reward Reward) *Thompson {
	t := &Thompson{name: name, reward: reward, rand: Stream(seed, forPolicy, 2)}
	for range len(w.Arms) + 1 {
		t.good, t.bad = append(t.good, 1), append(t.bad, 1)
	}
	return t
}

// Name is what it was called.
func (t *Thompson) Name() string { return t.name }

// About says how it decides.
func (t *Thompson) About() string { return "Thompson sampling on Beta beliefs, the same for everybody" }

// Decide chooses.
func (t *Thompson) Decide(v *Visit) (Choice, error) {
	choice, most := Nothing, t.draw(len(t.good)-1)
	for _, a := range v.Fitting {
		if p := t.draw(a); p > most {
			choice, most = a, p
		}
	}
	return Choice{choice}, nil
}

func (t *Thompson) draw(a int) float64 {
	good := gamma(t.rand, t.good[a])
	return good / (good + gamma(t.rand, t.bad[a]))
}

// Observe learns.
func (t *Thompson) Observe(v *Visit, c Choice, o *Outcome) error {
	a := c.Arm
	if a == Nothing {
		a = len(t.good) - 1
	}
	r := min(max(t.reward(v, o), 0), 1)
	t.good[a] += r
	t.bad[a] += 1 - r
	return nil
}

// gamma draws from a gamma distribution of shape k ≥ 1 and scale 1 (Marsaglia and Tsang 2000).
func gamma(r *rand.Rand, k float64) float64 {
	d := k - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v = v * v * v
		if math.Log(1-r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}
