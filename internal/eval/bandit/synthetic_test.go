package bandit

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
)

// world draws logs in which chance decides among three actions: x and kind are the context, units have two rows each.
type world struct {
	// worth is what an action is expected to earn.
	worth func(arm int, x float64, kind string) float64
	noise float64
}

func (w world) draw(seed uint64, rows int) *Table {
	rng := rand.New(rand.NewPCG(seed, 5))
	t := &Table{Arms: []string{"a", "b", "c"}, Constant: true}
	x, noise := Column{Name: "x", Numeric: true}, Column{Name: "noise", Numeric: true}
	kind := Column{Name: "kind", Texts: []string{"new", "old"}, Numbers: []float64{math.NaN(), math.NaN()}}
	number := func(c *Column, v float64) {
		c.Codes = append(c.Codes, int32(len(c.Texts)))
		c.Texts = append(c.Texts, strconv.FormatFloat(v, 'g', -1, 64))
		c.Numbers = append(c.Numbers, v)
	}
	for i := range rows {
		v, k, arm := rng.NormFloat64(), rng.IntN(2), rng.IntN(3)
		number(&x, v)
		number(&noise, rng.NormFloat64())
		kind.Codes = append(kind.Codes, int32(k))
		t.Arm = append(t.Arm, int32(arm))
		t.Reward = append(t.Reward, w.worth(arm, v, kind.Texts[k])+w.noise*rng.NormFloat64())
		t.Propensity = append(t.Propensity, 1./3)
		t.Unit = append(t.Unit, int32(i/2))
		if i%2 == 0 {
			t.Units = append(t.Units, fmt.Sprint("u", i/2))
		}
	}
	t.Columns = []Column{x, kind, noise}
	return t
}

// crossing is a world in which a is best for large x, b for small x; bent one in which a is best in the middle and b at
// both ends; plain one in which b is best everywhere though x matters for what is earned.
func crossing() world {
	return world{func(arm int, x float64, _ string) float64 { return []float64{x, -x, 0.1}[arm] }, 1}
}

func bent() world {
	return world{func(arm int, x float64, _ string) float64 {
		if math.Abs(x) < 0.7 {
			return []float64{1, 0.4, 0.5}[arm]
		}
		return []float64{0.4, 1, 0.5}[arm]
	}, 1}
}

func plain() world {
	return world{func(arm int, x float64, kind string) float64 {
		return []float64{0.1, 0.4, 0.2}[arm] + x + float64(len(kind))
	}, 1}
}
