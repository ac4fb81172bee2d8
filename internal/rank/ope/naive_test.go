package ope_test

import (
	"compress/gzip"
	"encoding/csv"
	"hash/fnv"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/rank/ope"
)

// naive is the same report once more, written from the formulas in the package comment with no eye on speed.
func naive(rows []ope.Row, confidence float64) []ope.Estimate {
	n := float64(len(rows))
	w := func(r ope.Row) float64 { return r.Target / r.Propensity }
	q := func(r ope.Row) float64 {
		if r.Actions == nil {
			return r.QTarget
		}
		sum := 0.0
		for _, a := range r.Actions {
			sum += a.Target * a.Q
		}
		return sum
	}
	average := func(of func(ope.Row) float64) float64 {
		sum := 0.0
		for _, r := range rows {
			sum += of(r)
		}
		return sum / n
	}
	// scatter gives the third moment of the influences by unit over the 1.5th power of the second, beside what it sets.
	scatter := func(e *ope.Estimate, influence func(ope.Row) float64) float64 {
		units := map[uint64]float64{}
		for _, r := range rows {
			units[r.Unit] += influence(r)
		}
		g, s2, s3, s4 := float64(len(units)), 0.0, 0.0, 0.0
		for _, s := range units {
			s2 += s * s
			s3 += s * s * s
			s4 += s * s * s * s
		}
		e.StdErr = math.Sqrt(g / (g - 1) * s2 / n / n)
		e.Degrees = math.Max(1, math.Min(g-1, 2*s2*s2/(s4-s2*s2/g)))
		return s3 / math.Pow(s2, 1.5)
	}
	// finish makes an estimate of a value and its influences.
	finish := func(e ope.Estimate, influence func(ope.Row) float64) ope.Estimate {
		wide, third := 1.0, scatter(&e, influence)
		if e.Bias > 0 {
			wide = quantileOfShifted(confidence, e.Bias/e.StdErr) / quantileOfShifted(confidence, 0)
		}
		// Hall: g(t) = t + c·t² + c²·t³/3 + skewness/(6√G) with c = skewness/(3√G), to be solved for t.
		c := third / 3
		solve := func(x float64) float64 {
			return bisect(func(t float64) bool { return t+c*t*t+c*c*t*t*t/3+c/2 < x }, -100, 100)
		}
		h := quantileOfStudent(0.5+confidence/2, e.Degrees)
		e.Low = e.Value - wide*e.StdErr*math.Max(h, solve(h))
		e.High = e.Value + wide*e.StdErr*math.Max(h, -solve(-h))
		return e
	}
	plain := func(name string, of func(ope.Row) float64) ope.Estimate {
		v := average(of)
		return finish(ope.Estimate{Name: name, Value: v}, func(r ope.Row) float64 { return of(r) - v })
	}
	ratio := func(name string, base, top func(ope.Row) float64) ope.Estimate {
		b, mw := average(base), average(w)
		c := average(func(r ope.Row) float64 { return w(r) * top(r) }) / mw
		return finish(ope.Estimate{Name: name, Value: b + c}, func(r ope.Row) float64 { return base(r) - b + w(r)*(top(r)-c)/mw })
	}
	residual := func(r ope.Row) float64 { return r.Reward - r.QLogged }
	tuned := func(name string, lower func(w, p float64) float64, grid []float64) ope.Estimate {
		reach := 0.0
		for _, r := range rows {
			reach = math.Max(reach, math.Abs(residual(r)))
		}
		var best ope.Estimate
		for _, p := range slices.Backward(grid) {
			of := func(r ope.Row) float64 { return q(r) + lower(w(r), p)*residual(r) }
			e := ope.Estimate{Name: name, Value: average(of)}
			scatter(&e, func(r ope.Row) float64 { return of(r) - e.Value })
			away := average(func(r ope.Row) float64 {
				if r.Actions == nil {
					return w(r) - lower(w(r), p)
				}
				sum := 0.0
				for _, a := range r.Actions {
					if x := a.Target / a.Propensity; a.Propensity > 0 && x > 0 {
						sum += a.Target * (1 - lower(x, p)/x)
					}
				}
				return sum
			})
			gap := average(func(r ope.Row) float64 { return (w(r) - lower(w(r), p)) * (w(r) - lower(w(r), p)) })
			square := average(func(r ope.Row) float64 { return residual(r) * residual(r) })
			e.Bias, e.Tuned = math.Min(reach*away, math.Sqrt(gap*square)), p
			if best.Name == "" || math.Hypot(e.Bias, e.StdErr) < math.Sqrt(1-1e-9)*math.Hypot(best.Bias, best.StdErr) {
				best = e
			}
		}
		return finish(best, func(r ope.Row) float64 { return q(r) + lower(w(r), best.Tuned)*residual(r) - best.Value })
	}
	lo, hi := math.Inf(1), 0.0
	for _, r := range rows {
		actions := r.Actions
		if actions == nil {
			actions = []ope.Action{{Target: r.Target, Propensity: r.Propensity}}
		}
		for _, a := range actions {
			if a.Target > 0 && a.Propensity > 0 {
				lo, hi = math.Min(lo, a.Target/a.Propensity), math.Max(hi, a.Target/a.Propensity)
			}
		}
	}
	lo = math.Max(lo, hi/1e4)
	none := func(ope.Row) float64 { return 0 }
	reward := func(r ope.Row) float64 { return r.Reward }
	return []ope.Estimate{
		plain("ips", func(r ope.Row) float64 { return w(r) * r.Reward }),
		ratio("snips", none, reward),
		plain("dm", q),
		plain("dr", func(r ope.Row) float64 { return q(r) + w(r)*residual(r) }),
		ratio("sndr", q, residual),
		tuned("switch-dr", func(w, tau float64) float64 {
			if w > tau*1.000001 {
				return 0
			}
			return w
		}, steps(lo, hi)),
		tuned("dros", func(w, lambda float64) float64 { return lambda / (w*w + lambda) * w }, steps(lo*lo, 1e6*hi*hi)),
	}
}

// steps are 24 numbers, each the same factor above the last.
func steps(lo, hi float64) []float64 {
	out := []float64{hi}
	for k := 22; k >= 0; k-- {
		out = append([]float64{math.Exp(math.Log(lo) + (math.Log(hi)-math.Log(lo))*float64(k)/23)}, out...)
	}
	return out
}

// quantileOfStudent integrates the density by Simpson's rule in the angle atan(t/√v), where it is a power of a cosine.
func quantileOfStudent(p, v float64) float64 {
	below := func(t float64) float64 {
		const panels = 1000
		end := math.Atan(t / math.Sqrt(v))
		f := func(a float64) float64 { return math.Pow(math.Cos(a), v-1) }
		sum := f(0) + f(end)
		for i := 1; i < panels; i++ {
			sum += f(end*float64(i)/panels) * float64(2+2*(i%2))
		}
		a, _ := math.Lgamma((v + 1) / 2)
		b, _ := math.Lgamma(v / 2)
		return 0.5 + math.Exp(a-b)/math.Sqrt(math.Pi)*sum*end/panels/3
	}
	return bisect(func(t float64) bool { return below(t) < p }, 0, 400)
}

func quantileOfShifted(p, shift float64) float64 {
	phi := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	return bisect(func(x float64) bool { return phi(x-shift)-phi(-x-shift) < p }, 0, shift+10)
}

func bisect(below func(float64) bool, lo, hi float64) float64 {
	for range 60 {
		if mid := (lo + hi) / 2; below(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// sixDigits are the same to six digits.
func sixDigits() cmp.Option {
	return cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-6*math.Max(math.Abs(a), math.Abs(b)) })
}

func agrees(t *testing.T, rows []ope.Row) ope.Report {
	t.Helper()
	got, err := ope.Evaluate(rows, ope.Options{Confidence: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(naive(rows, 0.9), got.Estimates, sixDigits()); diff != "" {
		t.Error(diff)
	}
	return got
}

func TestAgreesWithNaiveArithmetic(t *testing.T) {
	for seed := range uint64(4) {
		for name, w := range map[string]world{"mild": mild(), "harsh": harsh()} {
			rows := w.draw(rand.New(rand.NewPCG(seed, 1)), 40)
			agrees(t, rows)
			agrees(t, withoutActions(rows))
			if t.Failed() {
				t.Fatal(name, seed)
			}
		}
	}
	// So few units that the tails of Student's distribution are long.
	rows := mild().draw(rand.New(rand.NewPCG(7, 7)), 3)
	agrees(t, rows)
}

// impression is a row of the Open Bandit Dataset.
type impression struct {
	item, position      int
	clicked, propensity float64
	user                uint64
}

// TestOpenBandit evaluates two targets on the uniformly random log of the men's campaign: Thompson sampling, by the
// frequencies of its own log, and the popularity of items.
func TestOpenBandit(t *testing.T) {
	data := os.Getenv("VEIVISER_DATA")
	if data == "" {
		t.Skip("VEIVISER_DATA names no folder with the public data sets")
	}
	random := impressions(t, filepath.Join(data, "open-bandit", "random_men.csv.gz"))
	thompson := impressions(t, filepath.Join(data, "open-bandit", "bts_men.csv.gz"))
	const items, positions = 34, 4
	var shown, clicks [positions][items]float64
	var perPosition [positions]float64
	var popular [items]float64
	earned := 0.0
	for _, i := range thompson { // other data than what is evaluated on
		shown[i.position][i.item]++
		perPosition[i.position]++
		clicks[i.position][i.item] += i.clicked
		popular[i.item] += i.clicked + 0.1
		earned += i.clicked
	}
	all := 0.0
	for _, p := range popular {
		all += p
	}
	targets := map[string]func(position, item int) float64{
		"thompson":   func(p, i int) float64 { return shown[p][i] / perPosition[p] },
		"popularity": func(p, i int) float64 { return popular[i] / all },
		"uniform":    func(p, i int) float64 { return 1. / items },
	}
	logs := map[string][]ope.Row{}
	for _, name := range []string{"thompson", "popularity", "uniform"} {
		rows := make([]ope.Row, len(random))
		for k, i := range random {
			rows[k] = ope.Row{Unit: i.user, Reward: i.clicked, Propensity: i.propensity, Target: targets[name](i.position, i.item)}
			rows[k].Actions = make([]ope.Action, items)
			for a := range rows[k].Actions {
				q := (clicks[i.position][a] + 0.5) / (shown[i.position][a] + 100)
				rows[k].Actions[a] = ope.Action{Propensity: 1. / items, Target: targets[name](i.position, a), Q: q}
				rows[k].QTarget += rows[k].Actions[a].Target * q
				if a == i.item {
					rows[k].QLogged = q
				}
			}
		}
		agrees(t, withoutActions(rows))
		got := agrees(t, rows)
		logs[name] = rows
		t.Logf("%s: %d rows, %d units, effective %.0f rows, %.0f units, mean weight %.3f, refusal %+v", name, got.Rows, got.Units,
			got.Diagnostics.EffectiveRows, got.Diagnostics.EffectiveUnits, got.Diagnostics.MeanWeight, got.Refusal)
		for _, e := range got.Estimates {
			t.Logf("  %-9s %.5f (%.5f to %.5f) tuned %.3g bias %.2g", e.Name, e.Value, e.Low, e.High, e.Tuned, e.Bias)
		}
	}
	t.Logf("Thompson sampling itself earned %.5f", earned/float64(len(thompson)))
	d, err := ope.Compare(logs["thompson"], logs["uniform"], ope.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("thompson minus uniform: %.5f (%.5f to %.5f), detectable %.5f, %+v", d.Value, d.Low, d.High, d.Detectable, d.Refusal)
}

func impressions(t *testing.T, name string) []impression {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := csv.NewReader(z)
	header, err := lines.Read()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, h := range header {
		column[h] = i
	}
	var out []impression
	for {
		line, err := lines.Read()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		number := func(of string) float64 {
			x, err := strconv.ParseFloat(line[column[of]], 64)
			if err != nil {
				t.Fatal(err)
			}
			return x
		}
		h := fnv.New64() // people are not told apart: those alike in every feature count as one
		for _, of := range []string{"user_feature_0", "user_feature_1", "user_feature_2", "user_feature_3"} {
			h.Write([]byte(line[column[of]]))
		}
		out = append(out, impression{
			item: int(number("item_id")), position: int(number("position")), clicked: number("click"), propensity: number("propensity_score"), user: h.Sum64(),
		})
	}
}
