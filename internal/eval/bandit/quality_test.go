package bandit

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/raced"
	"github.com/veiviser/veiviser/internal/rank/ope"
)

var update = flag.Bool("update", false, "rewrite testdata/quality.txt")

// crossJudged is the value of learning on four fifths of the units and choosing for the others, over some divisions, by dr
// with a reward model of the four fifths.
type crossJudged struct {
	model, fixed, hindsight float64
	contextual, times       int
}

func judgeByFifths(t testing.TB, table *Table, divisions int) crossJudged {
	t.Helper()
	var out crossJudged
	rows := 0.0
	arms := len(table.Arms)
	for division := range divisions {
		share := table.folds(uint64(division)+70, 5)
		for k := range 5 {
			var known []int32
			for i := range table.Rows() {
				if share[i] != k {
					known = append(known, int32(i))
				}
			}
			m, err := learn(t.Context(), table, known, LearnOptions{Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			out.times++
			if m.Contextual {
				out.contextual++
			}
			e := newEncoder(table, 0, known)
			d, c := newDesign(e, false), e.code(table)
			of := newSums(arms, d.width())
			var x, z []feature
			for _, r := range known {
				x = c.row(r, x)
				z = d.expand(x, z)
				of[table.Arm[r]].add(z, table.Reward[r])
			}
			q, err := fit(of, d.group, offline())
			if err != nil {
				t.Fatal(err)
			}
			choice, err := m.Choose(table)
			if err != nil {
				t.Fatal(err)
			}
			for i := range table.Rows() {
				if share[i] != k {
					continue
				}
				x = c.row(int32(i), x)
				z = d.expand(x, z)
				for which, a := range []int32{choice[i], int32(m.Fixed)} {
					v := predict(q.weights[a], z)
					if table.Arm[i] == a {
						v += (table.Reward[i] - v) / table.Propensity[i]
					}
					if which == 0 {
						out.model += v
					} else {
						out.fixed += v
					}
				}
				rows++
			}
		}
	}
	out.model /= rows
	out.fixed /= rows
	out.hindsight = math.Inf(-1)
	sum, n := make([]float64, arms), make([]float64, arms)
	for i, a := range table.Arm {
		sum[a] += table.Reward[i]
		n[a]++
	}
	for a := range sum {
		out.hindsight = max(out.hindsight, sum[a]/n[a])
	}
	return out
}

// TestQuality writes what the package achieves on public logs into a golden file: a change is to be looked at, and
// accepted by -update.
func TestQuality(t *testing.T) {
	if testing.Short() || raced.On {
		t.Skip("fits to real logs take a while, minutes with the race detector")
	}
	var b strings.Builder
	fmt.Fprintln(&b, "online, mean over six seeds: mean reward, second half, rows")
	for _, name := range []string{"visit", "completed", "net"} {
		table := publicLog(t, name)
		var all, last, rows float64
		for seed := range uint64(6) {
			o, err := Replay(t.Context(), table, seed+1, nil)
			if err != nil {
				t.Fatal(err)
			}
			all, last, rows = all+o.MeanReward/6, last+o.LastHalf/6, rows+float64(o.Rows)/6
		}
		fmt.Fprintf(&b, "%-10s %7.4f %7.4f %6.0f\n", name, all, last, rows)
	}
	fmt.Fprintln(&b, "\nlearned on four fifths, judged on the other, all five: by context, the model, its best action; best action in hindsight")
	for _, name := range []string{"visit", "spend", "completed", "net"} {
		table := publicLog(t, name)
		j := judgeByFifths(t, table, 1)
		fmt.Fprintf(&b, "%-10s %d/%d %7.4f %7.4f %7.4f\n", name, j.contextual, j.times, j.model, j.fixed, j.hindsight)
	}
	openBandit(t, &b)
	name := filepath.Join("testdata", "quality.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); diff != "" {
		t.Errorf("the quality changed (-update accepts it): %s", diff)
	}
}

// openBandit checks the code on a log of 34 actions with propensities in a column: the uniform log of the men's campaign.
func openBandit(t *testing.T, b *strings.Builder) {
	t.Helper()
	table, err := Load(t.Context(), filepath.Join(dataFolder(t), "open-bandit", "random_men.csv.gz"), Mapping{
		Context: []string{"position", "user_feature_0", "user_feature_1", "user_feature_2", "user_feature_3"}, Text: []string{"position"},
		Action: "item_id", Reward: "click", Propensity: Propensity{Column: "propensity_score"},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Learn(t.Context(), table, LearnOptions{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Evaluate(t.Context(), table, nil, EvaluateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(b, "\nopen bandit, men: %d rows, %d actions, by context: %v; clicks in a thousand\n", r.Rows, len(table.Arms), m.Contextual)
	fmt.Fprintf(b, "logged     %5.2f\n", 1000*table.MeanReward())
	for _, p := range r.Policies {
		e, _ := p.Estimate(ope.DR)
		fmt.Fprintf(b, "%-10s %5.2f (%.2f to %.2f) %s\n", p.Name, 1000*e.Value, 1000*e.Low, 1000*e.High, p.Refusal.Code)
	}
}
