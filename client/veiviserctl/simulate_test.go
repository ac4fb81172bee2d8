package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/veiviser/veiviser/internal/eval/simulate"
	"github.com/veiviser/veiviser/internal/raced"
)

// simulating runs simulate on few visits.
func simulating(more ...string) []string {
	return append([]string{"simulate", "--visits", "200"}, more...)
}

func TestSimulateJSON(t *testing.T) {
	if raced.On {
		t.Skip("simulated visits under eight policies, some fifteen times slower under the race detector; they run without it")
	}
	stdout := must(t, simulating("--json")...)
	var r simulate.Result
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for i := range r.Policies {
		have[r.Policies[i].Name] = true
	}
	for _, name := range []string{"oracle", "linucb", "thompson", "fixed", "uniform", "veiviser", "veiviser-orders", "plan-only"} {
		if !have[name] {
			t.Errorf("no policy %s among %v", name, have)
		}
	}
	if r.Visits != 200 || r.Seed != 1 {
		t.Errorf("%d visits, seed %d", r.Visits, r.Seed)
	}
	if again := must(t, simulating("--json")...); again != stdout {
		t.Error("the same seed gives another result")
	}
	if other := must(t, simulating("--json", "--seed", "2")...); other == stdout {
		t.Error("another seed gives the same result")
	}
}

func TestSimulateWritesThePage(t *testing.T) {
	if raced.On {
		t.Skip("simulated visits under eight policies, some fifteen times slower under the race detector; they run without it")
	}
	page := filepath.Join(t.TempDir(), "new", "report.html")
	for range 2 { // its own page may be written again
		code, stdout, stderr := alone(t.Context(), simulating("--html", page)...)
		if code != exitOK || !strings.Contains(stderr, page) || !strings.Contains(stdout, "Simulation of sykkel") || !strings.Contains(stdout, "plan-only") {
			t.Fatalf("exit %d, %s\n%s", code, stdout, stderr)
		}
	}
	written, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{simulateMark, "<svg", "veiviser-orders"} {
		if !strings.Contains(string(written), want) {
			t.Errorf("the page has no %s", want)
		}
	}
}

func TestSimulateRefuses(t *testing.T) {
	mine := filepath.Join(t.TempDir(), "mine.html")
	if err := os.WriteFile(mine, []byte("<p>mine</p>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		args []string
		want string
	}{
		{[]string{"--visits", "0"}, "--visits"},
		{[]string{"--plan", "yodel"}, "yodel"},
		{[]string{"--placement", "nowhere"}, "product_side"},
		{[]string{"--html", mine}, mine},
		{[]string{"--html", filepath.Dir(mine)}, "--html"},
	} {
		code, stdout, stderr := alone(t.Context(), simulating(x.args...)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, x.want) {
			t.Errorf("%v: exit %d, %q, %s", x.args, code, stdout, stderr)
		}
	}
	if kept, err := os.ReadFile(mine); err != nil || string(kept) != "<p>mine</p>" {
		t.Errorf("the page of another is now %q, %v", kept, err)
	}
}
