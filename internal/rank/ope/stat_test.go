package ope

import (
	"math"
	"testing"
)

func TestQuantiles(t *testing.T) {
	for _, c := range []struct{ p, degrees, want float64 }{
		{0.975, 1, 12.70620474},
		{0.975, 2, 4.30265273},
		{0.95, 4, 2.13184679},
		{0.975, 10, 2.22813885},
		{0.995, 30, 2.74999565},
		{0.9995, 60, 3.46020047},
		{0.975, 100, 1.98397152},
		{0.975, 120, 1.97993041},
		{0.975, 1e9, 1.95996398},
		{0.975, 1.5, math.NaN()},
		{0.9995, 100.0001, student(0.9995, 100)}, // no step where the method changes
	} {
		got := student(c.p, c.degrees)
		if math.IsNaN(c.want) {
			c.want = got
			if p := tail(got, c.degrees); math.Abs(p-(1-c.p)) > 1e-12 {
				t.Errorf("above the quantile of %v at %v degrees lies %v", c.p, c.degrees, p)
			}
		}
		if math.Abs(got-c.want) > 2e-7*c.want {
			t.Errorf("the quantile of %v at %v degrees is %.8f, want %.8f", c.p, c.degrees, got, c.want)
		}
	}
	if got := tail(0, 3); got != 0.5 {
		t.Errorf("above 0 lies %v", got)
	}
	for _, shift := range []float64{0, 0.3, 1, 4, 1e6} {
		got := folded(0.95, shift)
		inside := 0.5 * (math.Erf((got-shift)/math.Sqrt2) + math.Erf((got+shift)/math.Sqrt2))
		if math.Abs(inside-0.95) > 1e-9 || got < shift {
			t.Errorf("shifted by %v, %v holds %v", shift, got, inside)
		}
	}
	if got := folded(0.95, 1); math.Abs(got-2.65) > 0.005 { // Armstrong and Kolesár's table says 2.65
		t.Errorf("the quantile of |N(1, 1)| is %v", got)
	}
}
