package fit

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// The expected counts are the derivatives of ln P by the logs of the parameters (Fisher's identity).
func TestCountsAgainstDifferences(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const n, signals = 3, 4
	c := &chain{n: n, half: float64(time.Hour)}
	row := func() []float64 {
		w := make([]float64, n)
		for i := range w {
			w[i] = 0.1 + rnd.Float64()
		}
		share(w)
		return w
	}
	c.prior, c.rest = row(), row()
	for range n {
		c.moves = append(c.moves, row()...)
	}
	for range signals * n {
		c.ratio = append(c.ratio, 0.2+3*rnd.Float64())
	}
	tr := &Trace{}
	for i := range 60 {
		var shown []int32
		for s := range int32(signals) {
			if rnd.Float64() < 0.4 {
				shown = append(shown, s)
			}
		}
		tr.Add(rnd.IntN(5), "", Step{Opens: i%12 == 0, Pause: time.Duration(rnd.IntN(3)) * time.Hour, Signals: shown})
	}
	l := tr.arrange()
	k, err := c.count(t.Context(), tr, l, 1)
	if err != nil {
		t.Fatal(err)
	}
	lnP := func() float64 {
		w, _ := c.walks(t.Context(), tr, l, 2, false)
		return w[0].lnZ + w[1].lnZ
	}
	check := func(what string, at, counts []float64) {
		t.Helper()
		for i, old := range at {
			const h = 1e-5
			at[i] = old * math.Exp(h)
			up := lnP()
			at[i] = old * math.Exp(-h)
			down := lnP()
			at[i] = old
			if want := (up - down) / (2 * h); math.Abs(counts[i]-want) > 1e-5 {
				t.Errorf("%s %d: count %v, derivative %v", what, i, counts[i], want)
			}
		}
	}
	check("prior", c.prior, k.first)
	check("rest", c.rest, k.rest)
	check("move", c.moves, k.moves)
	shown := make([]float64, len(c.ratio))
	for set := range tr.ends {
		for _, s := range tr.signals(int32(set)) {
			addTo(shown[int(s)*n:(int(s)+1)*n], 1, k.shown[set*n:(set+1)*n])
		}
	}
	check("ratio", c.ratio, shown)
}
