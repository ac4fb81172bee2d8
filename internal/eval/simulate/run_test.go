package simulate

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/veiviser"
)

var update = flag.Bool("update", false, "rewrite the files in testdata")

func simulated(tb testing.TB, c Config) *Result {
	tb.Helper()
	r, err := Run(tb.Context(), c, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// some are the comparators that take no time.
func some(w *World) []Policy {
	return []Policy{
		NewOracle(w), NewLinUCB(w, "linucb", DisjointAlpha, Progress), NewSharedLinUCB(w, "linucb-shared", SharedAlpha, Progress),
		NewThompson(w, "thompson", 1, Progress), NewThompson(w, "thompson-clicks", 1, Clicks), NewFixed(w, 5), NewUniform(1),
	}
}

func forms(t *testing.T, r *Result) string {
	t.Helper()
	var b bytes.Buffer
	r.Text(&b)
	if err := errors.Join(r.JSON(&b), r.HTML(&b)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSameSeedSameBytes(t *testing.T) {
	once := func(seed uint64) string {
		w := bundled(t, "sykkel", 2)
		return forms(t, simulated(t, Config{World: w, Visits: 600, Seed: seed, Policies: some(w)}))
	}
	first := once(4)
	if first != once(4) {
		t.Error("the same seed gives another result")
	}
	if first == once(5) {
		t.Error("another seed gives the same result")
	}
}

func TestText(t *testing.T) {
	raced.Skip(t)
	w := bundled(t, "sykkel", 2)
	r := simulated(t, Config{
		World: w, Visits: 3000, Seed: 2, Policies: some(w), Title: "Sykkel on a simulated audience", Source: "for the tests",
	})
	var b bytes.Buffer
	r.Text(&b)
	name := filepath.Join("testdata", "sykkel.txt")
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(name, b.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("the report changed (-update accepts it): %s", diff)
	}
}

func TestPoliciesAreWhatTheyAreSaidToBe(t *testing.T) {
	if testing.Short() || raced.On {
		t.Skip("it takes seconds, with the race detector minutes")
	}
	w := bundled(t, "sykkel", 1)
	r := simulated(t, Config{World: w, Visits: 7000, Seed: 1, Policies: Comparators(w, 1)})
	by := map[string]*PolicyResult{}
	for i := range r.Policies {
		by[r.Policies[i].Name] = &r.Policies[i]
	}
	oracle, uniform := by["oracle"], by["uniform"]
	if oracle.Regret != 0 {
		t.Errorf("the oracle regrets %v", oracle.Regret)
	}
	for _, p := range r.Policies {
		if p.Name != "oracle" && (p.Regret <= 0 || p.Orders >= oracle.Orders || p.Delivered >= oracle.Delivered) {
			t.Errorf("%s: regret %v, orders %d, delivered %d; the oracle has %d and %d", p.Name, p.Regret, p.Orders, p.Delivered, oracle.Orders, oracle.Delivered)
		}
		for i := range p.RegretCurve[1:] {
			if p.RegretCurve[i+1] < p.RegretCurve[i] {
				t.Fatalf("%s: regret falls at %d", p.Name, r.Points[i+1])
			}
		}
	}
	for i, v := range uniform.RegretCurve {
		if line := uniform.Regret * float64(r.Points[i]) / float64(r.Visits); math.Abs(v-line) > 0.03*uniform.Regret {
			t.Errorf("after %d visits chance regrets %.1f, which is not on a line to %.1f", r.Points[i], v, uniform.Regret)
		}
	}
	for _, name := range []string{"linucb", "linucb-shared"} {
		if p := by[name]; p.Regret > 0.9*uniform.Regret || p.Late > 0.95*p.Early || p.Orders <= uniform.Orders {
			t.Errorf("%s: regret %.1f of %.1f, early %.4f, late %.4f, %d orders of %d", name, p.Regret, uniform.Regret, p.Early, p.Late, p.Orders, uniform.Orders)
		}
	}
	for _, name := range []string{"linucb-clicks", "thompson-clicks"} {
		if p := by[name]; p.ClickRate < 2*uniform.ClickRate || p.Orders >= uniform.Orders || p.baitShare() < 0.5 {
			t.Errorf("%s did not take the bait: clicks %.3f, %d orders", name, p.ClickRate, p.Orders)
		}
	}
}

func TestResultAddsUp(t *testing.T) {
	w := bundled(t, "marketplace", 1)
	r := simulated(t, Config{World: w, Visits: 1500, Seed: 3, Policies: some(w)})
	for _, p := range r.Policies {
		served, moves := 0, 0
		for _, it := range p.Items {
			served += it.Served
			sum := 0
			for _, m := range it.Moves {
				sum += m.Count
			}
			if sum != it.Served {
				t.Errorf("%s, %q: %d visits, %d moves", p.Name, it.Item, it.Served, sum)
			}
		}
		for _, line := range p.Moves {
			for _, n := range line {
				moves += n
			}
		}
		if served != r.Visits || moves != r.Visits || p.Moves[Purchase][Waiting] != p.Orders || p.Delivered > p.Orders {
			t.Errorf("%s: served %d, moves %d, orders %d of %d, delivered %d", p.Name, served, moves, p.Moves[Purchase][Waiting], p.Orders, p.Delivered)
		}
		if len(p.RegretCurve) != points || p.RegretCurve[points-1] != p.Regret || len(p.ConversionCurve) != points {
			t.Errorf("%s: curves of %d and %d points", p.Name, len(p.RegretCurve), len(p.ConversionCurve))
		}
		for _, shares := range p.Stages {
			sum := 0.0
			for _, s := range shares {
				sum += s
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("%s: stages sum to %v", p.Name, sum)
			}
		}
	}
}

func TestFewVisits(t *testing.T) {
	w := bundled(t, "sykkel", 1)
	for _, visits := range []int{1, 7, 99} {
		forms(t, simulated(t, Config{World: w, Visits: visits, Policies: some(w)}))
	}
}

func TestPageIsWellFormed(t *testing.T) {
	w := bundled(t, "sykkel", 1)
	r := simulated(t, Config{World: w, Visits: 500, Policies: some(w), Title: "<b>&"})
	var b bytes.Buffer
	if err := r.HTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if strings.Contains(page, "<b>&") || strings.Contains(page, "http") && strings.Count(page, "http") != strings.Count(page, "http://www.w3.org/2000/svg") {
		t.Error("the page has what it was given unescaped, or needs the network")
	}
	pictures := 0
	for rest := page; ; pictures++ {
		from := strings.Index(rest, "<svg")
		if from < 0 {
			break
		}
		to := from + strings.Index(rest[from:], "</svg>") + len("</svg>")
		d := xml.NewDecoder(strings.NewReader(rest[from:to]))
		for {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if strings.Contains(rest[from:to], "NaN") || strings.Contains(rest[from:to], "Inf") {
			t.Error("a picture has something that is not a number")
		}
		rest = rest[to:]
	}
	if pictures != 2+2*len(r.Policies) {
		t.Errorf("%d pictures", pictures)
	}
}

// wayward shows what does not fit.
type wayward struct{ *Uniform }

func (wayward) Decide(v *Visit) (Choice, error) {
	for a := range v.Arms {
		if !v.Arms[a].fits(v.Context.Subject) {
			return Choice{a}, nil
		}
	}
	return Choice{Nothing}, nil
}

func TestRunFails(t *testing.T) {
	w := bundled(t, "sykkel", 1)
	if _, err := Run(t.Context(), Config{World: w, Policies: []Policy{wayward{NewUniform(1)}}}, nil); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("error %v", err)
	}
	if _, err := Run(t.Context(), Config{World: w}, nil); veiviser.KindOf(err) != veiviser.KindInvalid {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	progress := func(done, total int) {
		if done > 300 {
			cancel()
		}
	}
	if _, err := Run(ctx, Config{World: w, Policies: []Policy{NewUniform(1)}}, progress); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkUniform(b *testing.B) {
	w := bundled(b, "sykkel", 1)
	for b.Loop() {
		simulated(b, Config{World: w, Visits: 2000, Seed: 1, Policies: []Policy{NewUniform(1)}})
	}
}
