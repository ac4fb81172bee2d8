package fit_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/stage/fit"
)

// noise is a table of independent covariates, five rows a visitor.
func noise(n, d int, seed uint64) *fit.Table {
	rnd := rand.New(rand.NewPCG(seed, 1))
	t := &fit.Table{N: n, D: d}
	for i := range n {
		v := int32(i / 5)
		t.Visitor = append(t.Visitor, v)
		t.Fold = append(t.Fold, uint8(v%5))
		t.Weight = append(t.Weight, 0.5+rnd.Float64())
		for j := range d {
			t.X = append(t.X, float32(float64(j)+(1+0.1*float64(j))*rnd.NormFloat64()))
		}
	}
	return t
}

// scores gives the log-odds of the rows under weights over standardised covariates.
func scores(t *fit.Table, bias float64, weights []float64) []float64 {
	mean, sd := fit.Standardise(t)
	out := make([]float64, t.N)
	for i := range out {
		out[i] = bias
		for j, w := range weights {
			z := (float64(t.X[i*t.D+j]) - mean[j]) / sd[j]
			out[i] += w * max(-4, min(4, z))
		}
	}
	return out
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func draw(eta []float64, seed uint64) []bool {
	rnd := rand.New(rand.NewPCG(seed, 2))
	y := make([]bool, len(eta))
	for i, x := range eta {
		y[i] = rnd.Float64() < sigmoid(x)
	}
	return y
}

// drawClasses draws of classes with log-odds by class.
func drawClasses(eta [][]float64, seed uint64) []uint8 {
	rnd := rand.New(rand.NewPCG(seed, 3))
	next := make([]uint8, len(eta[0]))
	for i := range next {
		sum := 0.0
		for k := range eta {
			sum += math.Exp(eta[k][i])
		}
		u := rnd.Float64() * sum
		for k := range eta {
			if u -= math.Exp(eta[k][i]); u < 0 {
				next[i] = uint8(k)
				break
			}
		}
	}
	return next
}

func logLoss(p []float64, y []bool) float64 {
	sum := 0.0
	for i, q := range p {
		if !y[i] {
			q = 1 - q
		}
		sum -= math.Log(q) / float64(len(p))
	}
	return sum
}

func planted(d int, seed uint64) []float64 {
	rnd := rand.New(rand.NewPCG(seed, 4))
	w := make([]float64, d)
	for j := range w {
		w[j] = 0.5 * rnd.NormFloat64()
	}
	return w
}

func logistic(t *testing.T, tb *fit.Table, y []bool, prior []float64, bias float64, o fit.HeadOptions) fit.Fitted {
	t.Helper()
	mean, sd := fit.Standardise(tb)
	f, err := fit.Logistic(t.Context(), tb, mean, sd, y, prior, bias, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func softmax(t *testing.T, tb *fit.Table, next []uint8, classes int, o fit.HeadOptions) fit.FittedClasses {
	t.Helper()
	mean, sd := fit.Standardise(tb)
	f, err := fit.Softmax(t.Context(), tb, mean, sd, next, classes, nil, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func finite(t *testing.T, x ...float64) {
	t.Helper()
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			t.Fatalf("not a finite number: %v", x)
		}
	}
}

func TestStandardise(t *testing.T) {
	nan := float32(math.NaN())
	tb := &fit.Table{N: 4, D: 4, X: []float32{
		1, 1e6 + 1, 7, nan,
		2, 1e6 + 2, 7, nan,
		3, 1e6 + 3, 7, nan,
		nan, 1e6 + 4, 7, nan,
	}}
	mean, sd := fit.Standardise(tb)
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })
	if diff := cmp.Diff([]float64{2, 1e6 + 2.5, 7, 0}, mean, near); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]float64{math.Sqrt(2.0 / 3), math.Sqrt(1.25), 1, 1}, sd, near); diff != "" {
		t.Error(diff)
	}
}

func TestLogisticRecoversPlantedWeights(t *testing.T) {
	raced.Skip(t)
	tb := noise(20000, 12, 1)
	want := planted(12, 2)
	y := draw(scores(tb, -1.5, want), 3)
	f := logistic(t, tb, y, nil, 0, fit.HeadOptions{})
	if math.Abs(f.Bias+1.5) > 0.06 {
		t.Errorf("bias %.3f, want -1.5", f.Bias)
	}
	for j := range want {
		if math.Abs(f.Weights[j]-want[j]) > 0.08 {
			t.Errorf("weight %d is %.3f, want %.3f", j, f.Weights[j], want[j])
		}
	}
	truth := scores(tb, -1.5, want)
	for i := range truth {
		truth[i] = sigmoid(truth[i])
	}
	if got, best := logLoss(f.OOF, y), logLoss(truth, y); got > best+0.002 {
		t.Errorf("log-loss %.4f, of the truth %.4f", got, best)
	}
	loose := logistic(t, tb, y, nil, 0, fit.HeadOptions{Grid: []float64{1}})
	if math.Abs(loose.Slope-1) > 0.05 {
		t.Errorf("slope %.3f of a head that is right", loose.Slope)
	}
}

func TestSoftmaxRecoversPlantedWeights(t *testing.T) {
	raced.Skip(t)
	tb := noise(20000, 6, 4)
	want, bias := make([][]float64, 4), []float64{1, 0.2, -0.3, -0.9}
	eta := make([][]float64, 4)
	for k := range want {
		want[k] = planted(6, uint64(10+k))
		eta[k] = scores(tb, bias[k], want[k])
	}
	f := softmax(t, tb, drawClasses(eta, 5), 4, fit.HeadOptions{})
	for k := range want {
		for j := range want[k] {
			got, exp := f.Weights[k][j]-f.Weights[0][j], want[k][j]-want[0][j]
			if math.Abs(got-exp) > 0.1 {
				t.Errorf("weight %d of class %d is %.3f from that of class 0, want %.3f", j, k, got, exp)
			}
		}
		if math.Abs(f.Bias[k]-bias[k]) > 0.1 {
			t.Errorf("bias of class %d is %.3f, want %.3f", k, f.Bias[k], bias[k])
		}
	}
	for i := range tb.N {
		sum := 0.0
		for _, p := range f.OOF[4*i : 4*i+4] {
			sum += p
		}
		if math.Abs(sum-1) > 1e-12 {
			t.Fatalf("the chances of row %d sum to %v", i, sum)
		}
	}
}

// A softmax of two classes with penalty λ is a logistic head with penalty λ/2.
func TestSoftmaxOfTwoIsLogistic(t *testing.T) {
	tb := noise(3000, 5, 6)
	y := draw(scores(tb, 0.5, planted(5, 7)), 8)
	next := make([]uint8, len(y))
	for i := range y {
		if y[i] {
			next[i] = 1
		}
	}
	one := logistic(t, tb, y, nil, 0, fit.HeadOptions{Grid: []float64{100}})
	two := softmax(t, tb, next, 2, fit.HeadOptions{Grid: []float64{200}})
	for j := range one.Weights {
		if d := two.Weights[1][j] - two.Weights[0][j] - one.Weights[j]; math.Abs(d) > 1e-3 {
			t.Errorf("weight %d differs by %v", j, d)
		}
	}
	for i := range one.OOF {
		if math.Abs(one.OOF[i]-two.OOF[2*i+1]) > 1e-3 {
			t.Fatalf("row %d: %v and %v", i, one.OOF[i], two.OOF[2*i+1])
		}
	}
}

func TestAFirmPenaltyGivesThePrior(t *testing.T) {
	tb := noise(2000, 4, 9)
	prior := []float64{1, -0.5, 0.25, 0}
	y := draw(scores(tb, -0.4, prior), 10)
	f := logistic(t, tb, y, prior, 0, fit.HeadOptions{Grid: []float64{1e12}})
	for j := range prior {
		if math.Abs(f.Weights[j]/f.Slope-prior[j]) > 1e-6 {
			t.Errorf("weight %d is %v before calibration, want %v", j, f.Weights[j]/f.Slope, prior[j])
		}
	}
	if math.Abs(f.Bias+0.4) > 0.15 {
		t.Errorf("bias %v, want -0.4: it is not penalised", f.Bias)
	}
}

func TestNoiseIsShrunkMore(t *testing.T) {
	tb := noise(5000, 20, 11)
	pure := logistic(t, tb, draw(make([]float64, tb.N), 12), nil, 0, fit.HeadOptions{})
	told := logistic(t, tb, draw(scores(tb, 0, planted(20, 13)), 14), nil, 0, fit.HeadOptions{})
	if pure.Lambda <= told.Lambda {
		t.Errorf("penalty %v on noise, %v on signal", pure.Lambda, told.Lambda)
	}
	if got := logLoss(pure.OOF, draw(make([]float64, tb.N), 12)); got > math.Ln2+0.001 {
		t.Errorf("log-loss %v on noise", got)
	}
}

func TestCalibrationTamesAnOverconfidentPrior(t *testing.T) {
	tb := noise(4000, 3, 15)
	prior := []float64{2, -2, 1}
	y := draw(scores(tb, -0.5, []float64{1, -1, 0.5}), 16)
	f := logistic(t, tb, y, prior, 0, fit.HeadOptions{Grid: []float64{1e12}})
	if f.Slope > 0.6 {
		t.Errorf("slope %.3f, want about 0.5", f.Slope)
	}
	raw := scores(tb, f.Bias/f.Slope, prior)
	for i := range raw {
		raw[i] = sigmoid(raw[i])
	}
	if got, before := logLoss(f.OOF, y), logLoss(raw, y); got > before-0.02 {
		t.Errorf("log-loss %.4f, %.4f before calibration", got, before)
	}
}

// A prior that says the opposite is never turned round: its slope ends at 0.
func TestCalibrationDoesNotTurnRound(t *testing.T) {
	tb := noise(20000, 3, 17)
	y := draw(scores(tb, -1, []float64{1, 1, 1}), 18)
	f := logistic(t, tb, y, []float64{-1, -1, -1}, 0, fit.HeadOptions{Grid: []float64{1e12}})
	if f.Slope != 0 || f.Weights[0] != 0 {
		t.Errorf("slope %v, weights %v", f.Slope, f.Weights)
	}
	share := 0.0
	for _, is := range y {
		if is {
			share += 1 / float64(len(y))
		}
	}
	if math.Abs(sigmoid(f.Bias)-share) > 0.02 {
		t.Errorf("chance %.3f, share %.3f", sigmoid(f.Bias), share)
	}
}
