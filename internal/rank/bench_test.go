package rank

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkChoose(b *testing.B) {
	for _, c := range []struct {
		slots, n int
		name     string
	}{{1, 8, "typical"}, {1, 64, "alike"}, {1, 64, "spread"}, {4, 64, "alike"}, {4, 64, "spread"}, {4, 64, "wild"}} {
		b.Run(fmt.Sprintf("%d of %d %s", c.slots, c.n, c.name), func(b *testing.B) {
			cands := sets()[map[string]string{"typical": "typical", "alike": "sixty-four alike", "spread": "sixty-four", "wild": "sixty-four wild"}[c.name]]
			rng := rand.New(rand.NewPCG(1, 2))
			for i := range cands {
				cands[i].Like = Likeness{Topics: [4]uint32{rng.Uint32N(20) + 1, rng.Uint32N(20) + 1}, Kind: rng.Uint32N(3) + 1}
			}
			o := Options{Slots: c.slots, Attention: 0.05, Explore: true, Diversity: 0.05}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				o.Seed = [2]uint64{uint64(i), 1}
				Choose(cands, o)
			}
		})
	}
}
