package ope_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/rank/ope"
)

// retarget gives the rows of a log a target that is so much of the world's and for the rest the logging policy's.
func retarget(rows []ope.Row, of float64) []ope.Row {
	out := make([]ope.Row, len(rows))
	for i, r := range rows {
		actions := make([]ope.Action, len(r.Actions))
		for k, a := range r.Actions {
			a.Target = of*a.Target + (1-of)*a.Propensity
			actions[k] = a
		}
		r.Target, r.Actions = of*r.Target+(1-of)*r.Propensity, actions
		out[i] = r
	}
	return out
}

// The interval of the difference of two targets holds the truth, what is called detectable is found about as often as
// said, and it is narrower than the two intervals would let one think.
func TestCompare(t *testing.T) {
	draws := 1000
	if testing.Short() || raced.On {
		draws = 50
	}
	w := newWorld(1, 2)
	onLog := 0.0
	for x := range contexts {
		for a := range arms {
			onLog += w.logging[x][a] * w.chance[x][a] * w.amount / contexts
		}
	}
	// Mixtures of the two policies differ by as much of the difference of the pure ones.
	const more, less = 0.9, 0.5
	truth := (more - less) * (w.truth() - onLog)
	covered, found, detectable := 0, 0, 0.0
	var paired, apart float64
	for i := range draws {
		rows := w.draw(rand.New(rand.NewPCG(uint64(i), 8)), 400)
		a, b := retarget(rows, more), retarget(rows, less)
		d, err := ope.Compare(a, b, ope.Options{})
		if err != nil || d.Refusal.Refused() {
			t.Fatal(d.Refusal, err)
		}
		if d.Low <= truth && truth <= d.High {
			covered++
		}
		// Had the truth been this far from 0, the interval would have missed 0 when the estimate errs so far.
		if shifted := d.Value - truth + d.Detectable; shifted > (d.High-d.Low)/2 {
			found++
		}
		detectable += d.Detectable / float64(draws)
		if i < 50 {
			ra, _ := ope.Evaluate(a, ope.Options{})
			rb, _ := ope.Evaluate(b, ope.Options{})
			ea, _ := ra.Estimate(ope.DR)
			eb, _ := rb.Estimate(ope.DR)
			if math.Abs(d.Value-(ea.Value-eb.Value)) > 1e-9 {
				t.Fatalf("%v is not %v − %v", d.Value, ea.Value, eb.Value)
			}
			paired, apart = paired+d.StdErr, apart+math.Hypot(ea.StdErr, eb.StdErr)
		}
	}
	n := float64(draws)
	t.Logf("truth %.3f, covered in %.1f %%, detectable %.3f, found in %.1f %%; paired standard errors are %.2f of unpaired ones", truth,
		100*float64(covered)/n, detectable, 100*float64(found)/n, paired/apart)
	if noise := 2 * math.Sqrt(0.05/n); float64(covered)/n < 0.94-noise || math.Abs(float64(found)/n-0.8) > 0.04+2*noise || paired > 0.7*apart {
		t.Error("these are not what was promised")
	}
}

func TestCompareRefuses(t *testing.T) {
	rows := newWorld(1, 1).draw(rand.New(rand.NewPCG(9, 9)), 200)
	if d, err := ope.Compare(rows, rows, ope.Options{}); err != nil || d.Refusal.Refused() || d.Value != 0 || d.Low != 0 || d.High != 0 || d.CanTell() {
		t.Errorf("a target with itself: %+v, %v", d, err)
	}
	if d, err := ope.Compare(nil, nil, ope.Options{}); err != nil || d.Refusal.Code != ope.CodeNoRows {
		t.Errorf("no rows: %+v, %v", d, err)
	}
	if d, err := ope.Compare(rows, rows[1:], ope.Options{}); err == nil || d.Refusal.Code != ope.CodeOtherRows {
		t.Errorf("other rows: %+v, %v", d, err)
	}
	other := retarget(rows, 0.5)
	other[7].Reward++
	if d, err := ope.Compare(rows, other, ope.Options{}); err == nil || d.Refusal.Code != ope.CodeOtherRows || !strings.Contains(err.Error(), "rows[7]") {
		t.Errorf("another reward: %+v, %v", d, err)
	}
	far := withoutActions(rows)
	for i := range far {
		far[i].Unsupported = 0.5
	}
	if d, err := ope.Compare(withoutActions(rows), far, ope.Options{}); err != nil || d.Refusal.Code != ope.CodeUnsupported || !strings.HasPrefix(d.Refusal.Message, "Second plan: In 50.0 %") {
		t.Errorf("unsupported: %+v, %v", d, err)
	}
	one := rows[:1]
	if d, err := ope.Compare(one, one, ope.Options{}); err != nil || !math.IsInf(d.Detectable, 1) || !math.IsInf(d.Low, -1) {
		t.Errorf("one row: %+v, %v", d, err)
	}
}

// FuzzEvaluate feeds rows of arbitrary numbers: 9 bytes tell what each number is. What is not refused as malformed has
// estimates that are numbers.
func FuzzEvaluate(f *testing.F) {
	f.Add([]byte("00000000111111112222222233333333"), 0.95, 0.0)
	f.Add([]byte{1, 2, 3, 250, 255, 0, 128, 7, 9}, 0.0, -1.0)
	f.Fuzz(func(t *testing.T, raw []byte, confidence, bound float64) {
		next := func() float64 {
			if len(raw) == 0 {
				return 0.5
			}
			kind := raw[0]
			raw = raw[1:]
			switch {
			case kind < 200:
				return float64(kind) / 199
			case kind < 220:
				return math.Pow(10, -float64(kind-200)*17)
			case kind < 240:
				return math.Pow(10, float64(kind-220))
			}
			var bits [8]byte
			raw = raw[copy(bits[:], raw):]
			return math.Float64frombits(binary.LittleEndian.Uint64(bits[:]))
		}
		var rows []ope.Row
		for len(raw) > 0 && len(rows) < 50 {
			r := ope.Row{
				Unit: uint64(next() * 5), Reward: next(), Propensity: next(), Target: next(), QLogged: next(), QTarget: next(), Unsupported: next(),
			}
			if next() > 0.5 {
				r.Actions = []ope.Action{{Propensity: r.Propensity, Target: r.Target, Q: next()}, {Propensity: next(), Target: 1 - r.Target, Q: next()}}
			}
			rows = append(rows, r)
		}
		o := ope.Options{Confidence: confidence, Power: bound, LeastEffective: bound, MostUnsupported: bound, Bound: bound}
		r, err := ope.Evaluate(rows, o)
		if (err != nil) != (r.Refusal.Code == ope.CodeMalformed) || err == nil && len(rows) > 0 && len(r.Estimates) != 7 {
			t.Fatalf("%+v, %v", r, err)
		}
		for _, e := range r.Estimates {
			if math.IsNaN(e.Value) || !(e.Low <= e.Value && e.Value <= e.High) || math.IsNaN(e.StdErr) || math.IsNaN(e.Tuned) || math.IsNaN(e.Bias) {
				t.Fatalf("%+v", e)
			}
		}
		if _, err := ope.Compare(rows, rows, o); (err != nil) != (r.Refusal.Code == ope.CodeMalformed) {
			t.Fatal(err)
		}
	})
}
