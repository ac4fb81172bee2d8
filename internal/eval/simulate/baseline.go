package simulate

import (
	"math/rand/v2"
	"slices"
)

// Comparators are new policies to judge others by: the oracle, LinUCB, Thompson sampling, the best fixed item, and chance. The
// learners are told the same things at the same time; those called "clicks" go for clicks, the others for [Progress].
func Comparators(w *World, seed uint64) []Policy {
	return []Policy{
		NewOracle(w),
		NewSharedLinUCB(w, "linucb-shared", SharedAlpha, Progress),
		NewLinUCB(w, "linucb", DisjointAlpha, Progress),
		NewLinUCB(w, "linucb-clicks", DisjointAlpha, Clicks),
		NewThompson(w, "thompson", seed, Progress),
		NewThompson(w, "thompson-clicks", seed, Clicks),
		NewBestFixed(w),
		NewUniform(seed),
	}
}

// memoryless is what policies do that learn nothing.
type memoryless struct{}

// Observe does nothing.
func (memoryless) Observe(*Visit, Choice, *Outcome) error { return nil }

// Uniform chooses by chance.
type Uniform struct {
	memoryless
	rand *rand.Rand
}

// NewUniform is a policy that chooses any item that fits, or nothing, each with the same probability.
func NewUniform(seed uint64) *Uniform { return &Uniform{rand: Stream(seed, forPolicy, 1)} }

// Name is "uniform".
func (*Uniform) Name() string { return "uniform" }

// About says how it decides.
func (*Uniform) About() string { return "any item that fits, or nothing, by chance" }

// Decide chooses.
func (u *Uniform) Decide(v *Visit) (Choice, error) {
	i := u.rand.IntN(len(v.Fitting) + 1)
	if i == len(v.Fitting) {
		return Choice{Nothing}, nil
	}
	return Choice{v.Fitting[i]}, nil
}

// Fixed shows one item always.
type Fixed struct {
	memoryless
	arm   int
	about string
}

// NewFixed is a policy that shows an arm wherever it fits, and nothing elsewhere.
func NewFixed(w *World, arm int) *Fixed { return &Fixed{arm: arm, about: "always " + w.Arms[arm].ID} }

// NewBestFixed is the fixed policy of the most value by the truth of the world, which no shop could know beforehand.
func NewBestFixed(w *World) *Fixed {
	f := NewFixed(w, w.bestFixed())
	f.about += ", of all items the best to show always, as only the truth can tell"
	return f
}

// Name is "fixed".
func (*Fixed) Name() string { return "fixed" }

// About says how it decides.
func (f *Fixed) About() string { return f.about }

// Decide chooses.
func (f *Fixed) Decide(v *Visit) (Choice, error) {
	if slices.Contains(v.Fitting, f.arm) {
		return Choice{f.arm}, nil
	}
	return Choice{Nothing}, nil
}

// seer is a policy that sees the truth; there is none outside this package.
type seer interface {
	see(b *buyer, v *Visit) Choice
}

// Oracle knows the hidden state and the world's numbers, and chooses what is worth most in the long run.
type Oracle struct {
	memoryless
	world *World
}

// NewOracle is the oracle of a world.
func NewOracle(w *World) *Oracle { return &Oracle{world: w} }

// Name is "oracle".
func (*Oracle) Name() string { return "oracle" }

// About says how it decides.
func (*Oracle) About() string {
	return "knows the hidden stage and all chances, and looks ahead to the end"
}

// Decide shows nothing: what the oracle knows is no part of a visit. Run asks it in another way.
func (*Oracle) Decide(*Visit) (Choice, error) { return Choice{Nothing}, nil }

func (o *Oracle) see(b *buyer, v *Visit) Choice {
	q := o.world.values.Q[b.class][b.state]
	choice := Nothing
	most := q[len(q)-1]
	for _, a := range v.Fitting {
		if q[a] > most {
			choice, most = a, q[a]
		}
	}
	return Choice{choice}
}
