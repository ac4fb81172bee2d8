package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/raced"
)

const clicksHeader = "user,what,at,thing,shelf\n"

// writeClicks writes the log of a small shop, in which who puts something in the cart is likelier to buy.
func writeClicks(t *testing.T, visitors, events int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(clicksHeader)
	for i := range visitors {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		now := 1_700_000_000 + int64(r.IntN(100_000))
		eager := 0
		for range events {
			what := "pv"
			now += []int64{0, 5, 20, 60, 300, 7200, 90_000}[r.IntN(7)]
			switch n := r.IntN(20 - eager); {
			case n < 1:
				what, eager = "buy", 0
			case n < 3:
				what, eager = "cart", 12
			case n < 4:
				what = "fav"
			}
			shelf := r.IntN(5)
			fmt.Fprintf(&b, "u%d,%s,%d,i%d-%d,shelf/%d\n", i, what, now, shelf, r.IntN(4), shelf)
		}
	}
	return writeLog(t, b.String())
}

func writeLog(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "clicks.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const (
	clicksColumns = "visitor_id=user,item_id=thing,subject=shelf,type=what,time=at"
	clicksTypes   = "pv=view,fav=save,cart=cart_add,buy=purchase"
)

// onLog gives the arguments of a command on a log, the further ones behind.
func onLog(command, file string, more ...string) []string {
	return append([]string{
		command, "--plan", "marketplace", "--journey", "shopping", "--events", file, "--time-unit", "s",
		"--columns", clicksColumns, "--types", clicksTypes,
	}, more...)
}

// alone runs a command that needs no service.
func alone(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err strings.Builder
	code = run(ctx, args, streams{in: strings.NewReader(""), out: &out, err: &err})
	return code, out.String(), err.String()
}

// must runs a command that needs no service and must do well.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := alone(t.Context(), args...)
	if code != exitOK {
		t.Fatalf("%v: exit %d, %s", args, code, stderr)
	}
	return stdout
}

// folder is what lies in a folder, by name.
func folder(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(text)
	}
	return out
}

func TestFitWritesAPlan(t *testing.T) {
	if raced.On {
		t.Skip("fits, each some fifteen times slower under the race detector; they run without it")
	}
	log, dir := writeClicks(t, 40, 25), filepath.Join(t.TempDir(), "fitted")
	stdout := must(t, onLog("fit", log, "--out", dir)...)
	for _, want := range []string{"shopping version 2 fitted to 1000 events of 40 visitors", dir, "rounds of fitting the stages", "cart_add.auc", "next_type.perplexity", "stages.accuracy"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s", want, stdout)
		}
	}
	message, _, err := planpb.ReadFS(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	p := planpb.FromProto(message)
	if wrong := plan.Validate(p); len(wrong) > 0 {
		t.Errorf("the plan is not valid: %v", wrong)
	}
	j := &p.Journeys[0]
	if j.Version != 2 || j.Fitted.Source != "clicks.csv" || j.Fitted.Events != 1000 || j.Fitted.Visitors != 40 || j.Fitted.Seed != 1 || len(j.Fitted.Figures) < 10 {
		t.Errorf("version %d, fitted %+v", j.Version, j.Fitted)
	}
	if code, stdout, stderr := invoke(t, &fake{}, "", "plan", "validate", dir); code != exitOK {
		t.Error(stdout, stderr)
	}
	want := folder(t, dir)
	if names := slices.Sorted(maps.Keys(want)); !slices.Equal(names, []string{"items.yaml", "journeys.yaml", "plan.yaml"}) {
		t.Errorf("the folder holds %v", names)
	}

	// Once more into the same folder, and into another one, as JSON.
	must(t, onLog("fit", log, "--out", dir)...)
	if diff := cmp.Diff(want, folder(t, dir)); diff != "" {
		t.Errorf("the same command twice: %s", diff)
	}
	var got fitSummary
	other := filepath.Join(t.TempDir(), "other")
	stdout = must(t, onLog("fit", log, "--out", other, "--json")...)
	if diff := cmp.Diff(want, folder(t, other)); diff != "" {
		t.Errorf("into another folder: %s", diff)
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(j.Fitted.Figures, got.Figures); diff != "" {
		t.Errorf("figures of the plan and printed: %s", diff)
	}
	sameKeys(t, stdout, "journey", "version", "out", "rows", "events", "visitors", "rounds", "objective", "figures")
	if got.Journey != "shopping" || got.Version != 2 || got.Out != other || got.Rows != 1000 || got.Events != 1000 || got.Visitors != 40 || got.Rounds < 1 || got.Objective >= 0 {
		t.Errorf("%+v", got)
	}
}

// sameKeys compares the keys of a JSON object.
func sameKeys(t *testing.T, object string, want ...string) map[string]json.RawMessage {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(object), &m); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(m)); !slices.Equal(got, want) {
		t.Errorf("keys %v, want %v", got, want)
	}
	return m
}

// interrupt begins a fit and cancels it when its checkpoint is there.
func interrupt(t *testing.T, dir string, args []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(dir, checkpointName)); err == nil {
				cancel()
			}
			time.Sleep(200 * time.Microsecond)
		}
	}()
	code, stdout, stderr := alone(ctx, args...)
	cancel()
	<-done
	if code != exitNo || stdout != "" || !strings.Contains(stderr, "interrupted; the same command goes on") {
		t.Fatalf("interrupted: exit %d, %q, %q", code, stdout, stderr)
	}
	left := folder(t, dir)
	if _, ok := left[checkpointName]; !ok || len(left) != 1 {
		t.Fatalf("an interrupted fit leaves %v", slices.Sorted(maps.Keys(left)))
	}
}

func TestFitGoesOn(t *testing.T) {
	if raced.On {
		t.Skip("fits, each some fifteen times slower under the race detector; they run without it")
	}
	log := writeClicks(t, 60, 25)
	whole := filepath.Join(t.TempDir(), "whole")
	stdout := must(t, onLog("fit", log, "--out", whole, "--json")...)
	want := folder(t, whole)

	dir := filepath.Join(t.TempDir(), "parts")
	args := onLog("fit", log, "--out", dir, "--json")
	interrupt(t, dir, args)
	code, again, stderr := alone(t.Context(), args...)
	if code != exitOK || !strings.Contains(stderr, "going on after round ") {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	if diff := cmp.Diff(want, folder(t, dir)); diff != "" { // the checkpoint is gone, too
		t.Errorf("in parts: %s", diff)
	}
	if diff := cmp.Diff(strings.Replace(stdout, whole, dir, 1), again); diff != "" {
		t.Errorf("what is printed: %s", diff)
	}
}

// What is not the same fit begins anew, whatever was interrupted.
func TestFitBeginsAnew(t *testing.T) {
	if raced.On {
		t.Skip("many fits, each some fifteen times slower under the race detector; they run without it")
	}
	log := writeClicks(t, 40, 20)
	otherWords := []string{"--types", "pv=view,fav=cart_add,cart=save,buy=purchase"}
	whole := filepath.Join(t.TempDir(), "whole")
	must(t, onLog("fit", log, append(otherWords, "--out", whole)...)...)
	for name, c := range map[string]struct {
		more   []string
		before string // the checkpoint, when it is spoilt
		after  map[string]string
	}{
		"fresh":             {more: []string{"--fresh"}},
		"another seed":      {more: []string{"--seed", "2"}},
		"fewer rounds":      {more: []string{"--iterations", "3"}},
		"other words":       {more: otherWords, after: folder(t, whole)},
		"other columns":     {more: []string{"--columns", strings.Replace(clicksColumns, "item_id=thing", "item_id=shelf", 1)}},
		"half a checkpoint": {before: `{"Of": "x`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "parts")
			interrupt(t, dir, onLog("fit", log, "--out", dir))
			if c.before != "" {
				if err := os.WriteFile(filepath.Join(dir, checkpointName), []byte(c.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			code, _, stderr := alone(t.Context(), onLog("fit", log, append(c.more, "--out", dir)...)...)
			if code != exitOK || strings.Contains(stderr, "going on") {
				t.Errorf("exit %d, %s", code, stderr)
			}
			if c.after != nil {
				if diff := cmp.Diff(c.after, folder(t, dir)); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestFitKeepsOutOfOtherFolders(t *testing.T) {
	log := writeClicks(t, 5, 5)
	for _, name := range []string{"segments.yaml", "more.yml", "items/a.yaml"} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("name: Mine\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := alone(t.Context(), onLog("fit", log, "--out", dir)...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, "--out") || !strings.Contains(stderr, filepath.Base(name)) {
			t.Errorf("%s: exit %d, %q, %q", name, code, stdout, stderr)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
			t.Errorf("%s: the folder holds %v (%v)", name, entries, err)
		}
	}
	// Other files are no plan, nor are those in folders that begin with a dot.
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, ".git"), 0o750); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"README.md", ".git/x.yaml", ".hidden.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("name: Mine\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must(t, onLog("fit", log, "--out", dir)...)
}

// Mistakes of usage are told as such, by the name of the flag or the column, by both commands.
func TestLogMistakes(t *testing.T) {
	log := writeClicks(t, 3, 5)
	empty := writeLog(t, clicksHeader)
	foreign := writeLog(t, clicksHeader+"u1,unheard,1700000000,i,s\n")
	unsubject := filepath.Join(t.TempDir(), "none.csv")
	replaced := func(old, by string) string { return strings.Replace(clicksColumns, old, by, 1) }
	for name, c := range map[string]struct {
		args []string
		want []string
	}{
		"only without shares":    {[]string{"--only", "3"}, []string{"--only"}},
		"only beyond the shares": {[]string{"--only", "5/5"}, []string{"--only"}},
		"only backwards":         {[]string{"--only", "3-2/5"}, []string{"--only"}},
		"only of no number":      {[]string{"--only", "a-b/c"}, []string{"--only"}},
		"only of too many":       {[]string{"--only", "0/1001"}, []string{"--only"}},
		"unknown journey":        {[]string{"--journey", "buying"}, []string{"journey", `"buying"`, "shopping"}},
		"unknown plan":           {[]string{"--plan", "nowhere"}, []string{"nowhere", "marketplace"}},
		"no such file":           {[]string{"--events", unsubject}, []string{"--events", unsubject}},
		"no such column":         {[]string{"--columns", replaced("=user", "=usr")}, []string{`"usr"`, "visitor_id"}},
		"no such field":          {[]string{"--columns", replaced("visitor_id=", "visitor=")}, []string{`"visitor"`}},
		"no such time unit":      {[]string{"--time-unit", "h"}, []string{"--time-unit"}},
		"no such format":         {[]string{"--format", "xml"}, []string{"--format"}},
		"no format by the name":  {[]string{"--events", filepath.Dir(log)}, []string{filepath.Dir(log)}},
		"empty":                  {[]string{"--events", empty}, []string{"--events", empty}},
		"nothing known":          {[]string{"--events", foreign, "--types", "unheard="}, []string{"--events", foreign}},
		"nothing held":           {[]string{"--max-events", "0"}, []string{"--max-events"}},
	} {
		for _, command := range []string{"fit", "backtest"} {
			t.Run(command+"/"+name, func(t *testing.T) {
				args := onLog(command, log, "--out", filepath.Join(t.TempDir(), "out"))
				for i := 0; i < len(c.args); i += 2 { // in place of the good one, as --events may be repeated
					if at := slices.Index(args, c.args[i]); at >= 0 {
						args[at+1] = c.args[i+1]
					} else {
						args = append(args, c.args[i:i+2]...)
					}
				}
				code, stdout, stderr := alone(t.Context(), args...)
				if code != exitUsage || stdout != "" {
					t.Errorf("exit %d, %q", code, stdout)
				}
				for _, want := range c.want {
					if !strings.Contains(stderr, want) {
						t.Errorf("no %q in %s", want, stderr)
					}
				}
			})
		}
	}
}
