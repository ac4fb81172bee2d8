package ope_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/rank/ope"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Four rows that can be worked out in the head.
func TestByHand(t *testing.T) {
	rows := []ope.Row{
		{Unit: 1, Reward: 4, Propensity: 0.5, Target: 1, QLogged: 3, QTarget: 3},   // weight 2
		{Unit: 2, Reward: 0, Propensity: 0.5, Target: 0, QLogged: 1, QTarget: 3},   // 0
		{Unit: 3, Reward: 2, Propensity: 0.5, Target: 0.5, QLogged: 2, QTarget: 2}, // 1
		{Unit: 4, Reward: 1, Propensity: 0.25, Target: 0.25, QLogged: 0, QTarget: 1},
	}
	got, err := ope.Evaluate(rows, ope.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"ips":   (8 + 0 + 2 + 1) / 4.,
		"snips": (8 + 0 + 2 + 1) / 4.,              // the weights add up to 4
		"dm":    (3 + 3 + 2 + 1) / 4.,              //
		"dr":    (3+3+2+1)/4. + (2*1+0+1*0+1*1)/4., //
		"sndr":  (3+3+2+1)/4. + (2*1+0+1*0+1)/4.,   //
	}
	for name, v := range want {
		if e, ok := got.Estimate(name); !ok || math.Abs(e.Value-v) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, e.Value, v)
		}
	}
	// The influences of ips are 8, 0, 2 and 1 less their mean 2.75.
	if e, _ := got.Estimate(ope.IPS); math.Abs(e.StdErr-math.Sqrt((5.25*5.25+2.75*2.75+.75*.75+1.75*1.75)/3/4)) > 1e-12 {
		t.Errorf("the standard error of ips is %v", e.StdErr)
	}
	d := got.Diagnostics
	if diff := cmp.Diff(ope.Diagnostics{
		EffectiveRows: 16 / 6., EffectiveUnits: 16 / 6., ExpectedRows: 16 / 6., MaxWeight: 2, TopShare: 0.5, MeanWeight: 1,
		MeanWeightLow: d.MeanWeightLow, MeanWeightHigh: d.MeanWeightHigh,
	}, d, sixDigits()); diff != "" {
		t.Error(diff)
	}
	if got.Refusal.Code != ope.CodeTooFew {
		t.Errorf("%+v", got.Refusal)
	}
	if _, ok := got.Estimate("none"); ok {
		t.Error("there is an estimator without a name")
	}
}

// Units are told apart by number alone, in any order.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	rows := mild().draw(rand.New(rand.NewPCG(3, 3)), 100)
	a, _ := ope.Evaluate(rows, ope.Options{})
	rand.New(rand.NewPCG(4, 4)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	b, _ := ope.Evaluate(rows, ope.Options{})
	if diff := cmp.Diff(a, b, sixDigits()); diff != "" {
		t.Error(diff)
	}
}

// Where a few weights are huge and the model is good, switch-dr and dros give up a little truth for much certainty, and
// their intervals own up to it.
func TestLoweredWeights(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 5))
	var rows []ope.Row
	for u := range 4000 {
		r := ope.Row{Unit: uint64(u), Propensity: 0.998, Target: 0.96, Reward: 1, QLogged: 1, Actions: []ope.Action{
			{Propensity: 0.998, Target: 0.96, Q: 1}, {Propensity: 0.002, Target: 0.04, Q: 1},
		}}
		noise := 0.1
		if rnd.IntN(500) == 0 {
			r.Propensity, r.Target, noise = 0.002, 0.04, 3
		}
		r.Reward += noise * rnd.NormFloat64()
		rows = append(rows, r)
	}
	got, err := ope.Evaluate(rows, ope.Options{Bound: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	dr, _ := got.Estimate(ope.DR)
	for _, name := range []string{ope.SwitchDR, ope.DROS} {
		e, _ := got.Estimate(name)
		t.Logf("%-9s %.4f (%.4f to %.4f), standard error %.4f, bias %.4f, tuned %.3g", name, e.Value, e.Low, e.High, e.StdErr, e.Bias, e.Tuned)
		if e.StdErr > 0.9*dr.StdErr || e.Bias <= 0 || e.Bias > 0.05*0.1 || e.High-e.Low > dr.High-dr.Low || e.Low > 1 || e.High < 1 {
			t.Errorf("%+v beside %+v", e, dr)
		}
		if h := e.Bias + 1.64*e.StdErr; e.High-e.Value < h {
			t.Errorf("%s: the interval does not count its bias in", name)
		}
	}
}

func TestRefusals(t *testing.T) {
	base := func() []ope.Row { return newWorld(1, 1).draw(rand.New(rand.NewPCG(9, 9)), 200) }
	for _, c := range []struct {
		name   string
		change func([]ope.Row) []ope.Row
		code   ope.Code
		says   string
	}{
		{"fine", func(r []ope.Row) []ope.Row { return r }, "", ""},
		{"fine without lists", withoutActions, "", ""},
		{"nothing", func([]ope.Row) []ope.Row { return nil }, ope.CodeNoRows, "Nothing has been logged"},
		{"few rows", func(r []ope.Row) []ope.Row { return r[:50] }, ope.CodeTooFew, "100 are needed"},
		{"one customer", func(r []ope.Row) []ope.Row {
			for i := range r {
				r[i].Unit = 5
			}
			return r
		}, ope.CodeTooFew, "about 1 customers"},
		{"never chosen", func(r []ope.Row) []ope.Row {
			for i := range r {
				r[i].Target, r[i].Actions = 0, nil
			}
			return r
		}, ope.CodeTooFew, "about 0 decisions"},
		{"unsupported", func(r []ope.Row) []ope.Row {
			r = withoutActions(r)
			for i := range r {
				r[i].Unsupported = 0.02
			}
			return r
		}, ope.CodeUnsupported, "In 2.0 % of cases"},
		{"unsupported by the list", func(r []ope.Row) []ope.Row {
			for i := range r {
				r[i].Target, r[i].Propensity = 0.5, 0.5
				r[i].Actions = []ope.Action{{Propensity: 0.5, Target: 0.5}, {Propensity: 0.5, Target: 0.3}, {Target: 0.2}}
			}
			return r
		}, ope.CodeUnsupported, "In 20.0 % of cases"},
		{"wrong propensities", func(r []ope.Row) []ope.Row {
			r = withoutActions(r)
			for i := range r {
				r[i].Propensity = min(1, r[i].Propensity*1.5)
			}
			return r
		}, ope.CodeMeanWeight, "should be 1.000 on average"},
		{"weights that never vary", func(r []ope.Row) []ope.Row {
			for i := range r {
				r[i].Actions, r[i].Propensity, r[i].Target = nil, 0.5, 0.6
			}
			return r
		}, ope.CodeMeanWeight, "are 1.200"},
		{"heavy weights not drawn", func(r []ope.Row) []ope.Row {
			for i := range r {
				r[i].Propensity, r[i].Target = 0.999, 0.9
				r[i].Actions = []ope.Action{{Propensity: 0.999, Target: 0.9}, {Propensity: 0.001, Target: 0.1}}
			}
			return r
		}, ope.CodeTooFew, "decisions of the new plan"},
	} {
		rows := c.change(base())
		got, err := ope.Evaluate(rows, ope.Options{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got.Refusal.Code != c.code || !strings.Contains(got.Refusal.Message, c.says) || got.Refusal.Refused() != (c.code != "") {
			t.Errorf("%s: %+v, %+v", c.name, got.Refusal, got.Diagnostics)
		}
		if c.code != ope.CodeNoRows && (len(got.Estimates) != 7 || got.Rows != len(rows)) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestOneUnitHasNoInterval(t *testing.T) {
	got, err := ope.Evaluate([]ope.Row{{Propensity: 0.5, Target: 0.5, Reward: 1}, {Propensity: 0.5, Target: 0.25}}, ope.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range got.Estimates {
		if !math.IsInf(e.Low, -1) || !math.IsInf(e.High, 1) || e.StdErr != 0 || e.Value != 0.5 && e.Name == ope.DR {
			t.Errorf("%+v", e)
		}
	}
}

func TestMalformedRows(t *testing.T) {
	whole := ope.Row{Propensity: 0.5, Target: 0.5, Actions: []ope.Action{{Propensity: 0.5, Target: 0.5}, {Propensity: 0.5, Target: 0.5}}}
	list := func(change func([]ope.Action)) ope.Row {
		r := whole
		r.Actions = slices.Clone(r.Actions)
		change(r.Actions)
		return r
	}
	for _, c := range []struct {
		row         ope.Row
		field, says string
	}{
		{ope.Row{Reward: math.NaN(), Propensity: 1}, "reward", "NaN"},
		{ope.Row{Reward: math.Inf(1), Propensity: 1}, "reward", "+Inf"},
		{ope.Row{}, "propensity", "must be in (0, 1] and at least 1e-12, is 0"},
		{ope.Row{Propensity: -0.1}, "propensity", "is -0.1"},
		{ope.Row{Propensity: 1.1}, "propensity", "is 1.1"},
		{ope.Row{Propensity: math.NaN()}, "propensity", "is NaN"},
		{ope.Row{Propensity: 1, Target: 1.5}, "target", "must be in [0, 1], is 1.5"},
		{ope.Row{Propensity: 1, Target: math.NaN()}, "target", "NaN"},
		{ope.Row{Propensity: 1, QLogged: math.NaN()}, "q_logged", "NaN"},
		{ope.Row{Propensity: 1, QTarget: math.Inf(-1)}, "q_target", "-Inf"},
		{ope.Row{Propensity: 1, Unsupported: -1}, "unsupported", "is -1"},
		{list(func(a []ope.Action) { a[1].Propensity = 2 }), "actions[1].propensity", "is 2"},
		{list(func(a []ope.Action) { a[0].Target = math.NaN() }), "actions[0].target", "NaN"},
		{list(func(a []ope.Action) { a[0].Q = math.NaN() }), "actions[0].q", "NaN"},
		{list(func(a []ope.Action) { a[1].Target = 0.4 }), "actions", "must add up to 1, not to 0.9"},
		{list(func(a []ope.Action) { a[1].Propensity = 0.7 }), "actions", "add up to 1.2"},
		{list(func(a []ope.Action) { a[0].Target, a[1].Target = 0.4, 0.6 }), "actions", "none has the propensity"},
	} {
		rows := []ope.Row{whole, c.row}
		got, err := ope.Evaluate(rows, ope.Options{})
		e, ok := errors.AsType[*veiviser.Error](err)
		if !ok || e.Field() != "rows[1]."+c.field || !strings.Contains(e.Message, c.says) || e.Kind != veiviser.KindInvalid {
			t.Errorf("%+v: %v", c.row, err)
		}
		if got.Refusal.Code != ope.CodeMalformed || got.Estimates != nil || !strings.Contains(got.Refusal.Message, "rows[1]") {
			t.Errorf("%+v: %+v", c.row, got)
		}
		if d, err := ope.Compare(rows, rows, ope.Options{}); err == nil || d.Refusal.Code != ope.CodeMalformed || d.CanTell() {
			t.Errorf("%+v: compared to %+v, %v", c.row, d, err)
		}
	}
}

// benchmarkRows is a log of n rows, about 2.5 a unit.
func benchmarkRows(n int) []ope.Row {
	rows := mild().draw(rand.New(rand.NewPCG(1, 1)), n)
	return rows[:n]
}

func BenchmarkEvaluate(b *testing.B) {
	for name, rows := range map[string][]ope.Row{"actions": benchmarkRows(10_000), "logged": withoutActions(benchmarkRows(10_000))} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ope.Evaluate(rows, ope.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
