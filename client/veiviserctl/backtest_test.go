package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/eval"
	"github.com/veiviser/veiviser/internal/raced"
)

// backtested runs backtest with few resamples and reads what it prints for machines.
func backtested(t *testing.T, file string, more ...string) (eval.Report, string) {
	t.Helper()
	stdout := must(t, onLog("backtest", file, append([]string{"--json", "--resamples", "10"}, more...)...)...)
	var r eval.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	return r, stdout
}

// The shape of the JSON is what scripts rely on.
func TestBacktestJSON(t *testing.T) {
	r, stdout := backtested(t, writeClicks(t, 40, 25))
	all := sameKeys(t, stdout, "targets", "next_type", "visits", "events", "visitors", "stages")
	sameKeys(t, string(all["next_type"]), "perplexity", "perplexity_low", "perplexity_high")
	sameKeys(t, string(all["stages"]), "accuracy", "accuracy_answered", "answered", "n")
	targets := sameKeys(t, string(all["targets"]), "cart_add", "save", "purchase")
	for name, target := range targets {
		before := 0
		for k, text := range sameKeys(t, string(target), "k1", "k2", "k3", "k4", "k5", "every") {
			m := sameKeys(t, string(text), "n", "positives", "auc", "auc_low", "auc_high", "log_loss", "log_loss_low", "log_loss_high", "brier", "ece")
			for figure, value := range m {
				var x float64
				if err := json.Unmarshal(value, &x); err != nil || x < 0 || figure != "n" && figure != "positives" && !strings.HasPrefix(figure, "log_loss") && x > 1 {
					t.Errorf("%s %s %s is %s", name, k, figure, value)
				}
			}
		}
		for _, m := range []eval.Metrics{r.Targets[name].K5, r.Targets[name].K4, r.Targets[name].K3, r.Targets[name].K2, r.Targets[name].K1} {
			if m.N < before || m.Positives > m.N {
				t.Errorf("%s: %d of %d, and %d at the next place", name, m.Positives, m.N, before)
			}
			before = m.N
		}
		if r.Targets[name].K1.N != r.Visits || r.Targets[name].Every.N != r.Events {
			t.Errorf("%s: %d first events in %d visits, %d events of %d", name, r.Targets[name].K1.N, r.Visits, r.Targets[name].Every.N, r.Events)
		}
	}
	if r.Events != 1000 || r.Visitors != 40 || r.NextType.Perplexity == nil || *r.NextType.Perplexity < 1 {
		t.Errorf("%d events, %d visitors, %+v", r.Events, r.Visitors, r.NextType)
	}
}

func TestBacktestOfOneVisitor(t *testing.T) {
	_, stdout := backtested(t, writeLog(t, clicksHeader+"ana,pv,1700000000,i1,s\n"), "--target", "purchase")
	for _, want := range []string{`"auc": null`, `"auc_low": null`, `"perplexity_low": null`} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %s in\n%s", want, stdout)
		}
	}
}

func TestBacktestTwiceIsTheSame(t *testing.T) {
	log := writeClicks(t, 20, 20)
	_, one := backtested(t, log)
	_, two := backtested(t, log)
	if diff := cmp.Diff(one, two); diff != "" {
		t.Error(diff)
	}
}

func TestBacktestTargets(t *testing.T) {
	log := writeClicks(t, 10, 20)
	for args, want := range map[string][]string{
		"--target purchase":               {"purchase"},
		"--target cart_add,purchase":      {"cart_add", "purchase"},
		"--target view --target purchase": {"purchase", "view"},
		"--target purchase --resamples 0": {"purchase"},
	} {
		r, _ := backtested(t, log, strings.Fields(args)...)
		if got := slices.Sorted(maps.Keys(r.Targets)); !slices.Equal(got, want) {
			t.Errorf("%s: %v", args, got)
		}
	}
	for args, want := range map[string]string{
		"--target yodel":                   `"yodel"`,
		"--folds 1":                        "--folds",
		"--folds 101":                      "--folds",
		"--folds -1":                       "--folds",
		"--resamples -1":                   "--resamples",
		"--plan sykkel --journey purchase": "forecasts nothing",
	} {
		code, stdout, stderr := alone(t.Context(), onLog("backtest", log, strings.Fields(args)...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %q, %s", args, code, stdout, stderr)
		}
	}
}

func TestBacktestWritesReports(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "report")
	log := writeClicks(t, 20, 20)
	code, stdout, stderr := alone(t.Context(), onLog("backtest", log, "--resamples", "5", "--out", dir)...)
	page := filepath.Join(dir, "report.html")
	if code != exitOK || !strings.Contains(stderr, page) {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	files := folder(t, dir)
	if names := slices.Sorted(maps.Keys(files)); !slices.Equal(names, []string{"report.html", "report.json", "report.txt"}) {
		t.Errorf("the folder holds %v", names)
	}
	if files["report.txt"] != stdout || !strings.Contains(stdout, "Backtest of shopping") || !strings.Contains(stdout, "clicks.csv") {
		t.Errorf("printed\n%s\nwritten\n%s", stdout, files["report.txt"])
	}
	if asJSON := must(t, onLog("backtest", log, "--resamples", "5", "--json")...); asJSON != files["report.json"] {
		t.Errorf("%s", cmp.Diff(asJSON, files["report.json"]))
	}
	for _, want := range []string{"<svg", "Backtest of shopping", "purchase", "Browses"} {
		if !strings.Contains(files["report.html"], want) {
			t.Errorf("the page has no %s", want)
		}
	}
	wellFormed(t, strings.TrimPrefix(files["report.html"], "<!DOCTYPE html>"))
}

// Every visitor belongs to one share, whoever looks at it.
func TestOnlyParts(t *testing.T) {
	first, err1 := parseOnly("0-3/5")
	last, err2 := parseOnly("4/5")
	one, err3 := parseOnly("0/1")
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	kept := 0
	for i := range 5000 {
		id := fmt.Sprint("u", i)
		if first(id) == last(id) || !one(id) {
			t.Fatalf("%s is in the first %v and the last %v", id, first(id), last(id))
		}
		if first(id) {
			kept++
		}
	}
	if kept < 3850 || kept > 4150 {
		t.Errorf("%d of 5000 in four fifths", kept)
	}

	log := writeClicks(t, 60, 10)
	whole, _ := backtested(t, log)
	a, _ := backtested(t, log, "--only", "0-3/5")
	b, _ := backtested(t, log, "--only", "4/5")
	again, _ := backtested(t, log, "--only", "4-4/5", "--seed", "9") // the seed moves no visitor
	if a.Visitors+b.Visitors != whole.Visitors || a.Events+b.Events != whole.Events || a.Visits+b.Visits != whole.Visits || b.Visitors == 0 || b.Visitors >= a.Visitors {
		t.Errorf("%d and %d visitors of %d, %d and %d events of %d", a.Visitors, b.Visitors, whole.Visitors, a.Events, b.Events, whole.Events)
	}
	if positives := func(r eval.Report) int { return r.Targets["purchase"].Every.Positives }; positives(a)+positives(b) != positives(whole) {
		t.Errorf("%d and %d of %d come true", positives(a), positives(b), positives(whole))
	}
	if again.Visitors != b.Visitors || again.Events != b.Events || *again.Targets["purchase"].Every.LogLoss != *b.Targets["purchase"].Every.LogLoss {
		t.Errorf("by another seed %d visitors, not %d", again.Visitors, b.Visitors)
	}
}

// A fit on four fifths is judged by the last fifth, and --folds does so for all.
func TestBacktestOfFits(t *testing.T) {
	if raced.On {
		t.Skip("many fits, each some fifteen times slower under the race detector; they run without it")
	}
	log := writeClicks(t, 60, 20)
	dir := filepath.Join(t.TempDir(), "fitted")
	stdout := must(t, onLog("fit", log, "--only", "0-3/5", "--out", dir)...)
	if !strings.Contains(folder(t, dir)["journeys.yaml"], "visitors 0-3/5") {
		t.Errorf("the plan does not say what it was fitted on: %s", stdout)
	}
	args := onLog("backtest", log, "--only", "4/5", "--json", "--resamples", "10")
	args[slices.Index(args, "--plan")+1] = dir
	var held eval.Report
	if err := json.Unmarshal([]byte(must(t, args...)), &held); err != nil {
		t.Fatal(err)
	}
	whole, _ := backtested(t, log)
	folds, text := backtested(t, log, "--folds", "2")
	if _, again := backtested(t, log, "--folds", "2"); again != text {
		t.Errorf("folds twice: %s", cmp.Diff(text, again))
	}
	sameKeys(t, text, "targets", "next_type", "visits", "events", "visitors", "stages")
	if folds.Events != whole.Events || folds.Visitors != whole.Visitors || folds.Visits != whole.Visits {
		t.Errorf("folds saw %d events of %d visitors in %d visits, not %d of %d in %d", folds.Events, folds.Visitors, folds.Visits, whole.Events, whole.Visitors, whole.Visits)
	}
	for name, m := range map[string]eval.Report{"folds": folds, "held out": held} {
		cart := m.Targets["cart_add"].Every
		if cart.LogLoss == nil || *cart.LogLoss > 1 || m.NextType.Perplexity == nil || *m.NextType.Perplexity > 5 {
			t.Errorf("%s: %+v, %+v", name, cart, m.NextType)
		}
	}
	if w, f := whole.Targets["cart_add"].Every, folds.Targets["cart_add"].Every; w.Positives != f.Positives || *w.LogLoss == *f.LogLoss {
		t.Errorf("folds judged the plan as it is: log-loss %v, %v", *w.LogLoss, *f.LogLoss)
	}
}
