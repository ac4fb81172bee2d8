package confseq_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/rank/confseq"
)

// world is a test that is watched: of every person, one in share⁻¹ is in the control; control people buy with
// probability rate, for an amount with the logarithmic deviation sigma; treatment multiplies the rate by lift.
type world struct {
	name                     string
	rate, sigma, share, lift float64
	// ramped lets the share of the control grow fourfold after a while, by design or by mishap.
	ramped bool
	// people is how many the larger group has at the end.
	people int64
	o      confseq.Options
}

// outcome of a watched test: whether the truth was ever outside.
type outcome struct{ difference, lift, mean, naive bool }

func (w *world) run(rnd *rand.Rand, width *float64) (out outcome) {
	var treated, control confseq.Arm
	value := math.Exp(w.sigma * w.sigma / 2)
	base := w.rate * value
	truth := base * (w.lift - 1)
	for look := int64(1); treated.N < w.people && control.N < w.people; {
		share, rate := w.share, w.rate
		if w.ramped && treated.N > w.people/10 {
			share *= 4
		}
		arm := &control
		if rnd.Float64() >= share {
			arm, rate = &treated, w.rate*w.lift
		}
		x := 0.0
		if rnd.Float64() < rate {
			x = math.Exp(w.sigma * rnd.NormFloat64())
		}
		arm.Add(x)
		if n := treated.N + control.N; n >= look {
			look = n + 1 + n/100
			d := confseq.Difference(treated, control, w.o)
			out.difference = out.difference || d.Excludes(truth)
			out.lift = out.lift || confseq.Lift(treated, control, w.o).Excludes(w.lift-1)
			out.mean = out.mean || confseq.Mean(control, w.o).Excludes(base)
			out.naive = out.naive || d.Known && math.Abs(d.Value-truth) > 1.96*d.StdErr
			if d.Known {
				*width = d.Width() / base
			}
		}
	}
	return out
}

// Over tests that are looked at all along (at every person, later after each per cent more), the truth is ever
// outside in no more than 5 %, while the interval of a single look, from the same moment on, fails several times as often.
func TestHoldsAtEveryLook(t *testing.T) {
	streams, few := 1000, false
	if testing.Short() || raced.On { // too few for more than a check that all of it works
		streams, few = 60, true
	}
	for i, w := range []world{
		{name: "rare purchases, control of 5 %, no effect", rate: 0.03, sigma: 0.8, share: 0.05, lift: 1, people: 20_000},
		{name: "rare purchases, control of 5 %, a third more", rate: 0.03, sigma: 0.8, share: 0.05, lift: 4. / 3, people: 20_000},
		{name: "heavier tails, control of 5 %, a third less", rate: 0.03, sigma: 1, share: 0.05, lift: 2. / 3, people: 20_000},
		{name: "rare purchases, halves", rate: 0.03, sigma: 0.8, share: 0.5, lift: 1, people: 20_000, o: confseq.Options{Planned: 40_000}},
		{name: "clicks, control of 10 %", rate: 0.3, share: 0.1, lift: 1.1, people: 10_000},
		{
			name: "clicks, a control that grows", rate: 0.3, share: 0.1, lift: 1.1, ramped: true, people: 10_000,
			o: confseq.Options{ControlShare: 0.25},
		},
	} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			var difference, lift, mean, naive int
			var width, sum float64
			for s := range streams {
				out := w.run(rand.New(rand.NewPCG(uint64(s), uint64(i))), &width)
				difference, lift, mean, naive = difference+count(out.difference), lift+count(out.lift), mean+count(out.mean), naive+count(out.naive)
				sum += width
			}
			n := float64(streams)
			t.Logf("of %d tests the truth was ever outside: difference %.1f %%, lift %.1f %%, mean of the control %.1f %%; single-look interval %.1f %%; mean width at the end %.0f %% of the control's mean",
				streams, 100*float64(difference)/n, 100*float64(lift)/n, 100*float64(mean)/n, 100*float64(naive)/n, 100*sum/n)
			noise := 3 * math.Sqrt(0.05*0.95/n)
			for name, misses := range map[string]int{"difference": difference, "lift": lift, "mean": mean} {
				if share := float64(misses) / n; share > 0.05+noise/3 {
					t.Errorf("the %s was ever wrong in %.3f of the tests", name, share)
				}
			}
			if !few && (naive < 2*difference || float64(naive)/n < 0.05+noise) {
				t.Errorf("the single-look interval was ever wrong in %d of %d tests: this test shows nothing", naive, streams)
			}
		})
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
