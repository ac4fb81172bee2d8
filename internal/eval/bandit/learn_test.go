package bandit

import (
	"bytes"
	"context"
	"math"
	"strings"
	"testing"

	"github.com/veiviser/veiviser/internal/raced"
)

func learned(t testing.TB, table *Table) *Model {
	t.Helper()
	m, err := Learn(t.Context(), table, LearnOptions{Seed: 1, Source: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// earns is what the choices of a model are worth in a world.
func earns(t testing.TB, m *Model, w world, table *Table) float64 {
	t.Helper()
	choice, err := m.Choose(table)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, a := range choice {
		x, kind := &table.Columns[0], &table.Columns[1]
		sum += w.worth(int(a), x.Numbers[x.Codes[i]], kind.Texts[kind.Codes[i]]) / float64(len(choice))
	}
	return sum
}

func TestLearn(t *testing.T) {
	for _, c := range []struct {
		name       string
		w          world
		contextual bool
		by         string
		least      float64
	}{
		{"crossing", crossing(), true, "simple", 0.79}, // E max(x, −x, 0.1) is 0.80
		{"bent", bent(), true, "rich", 0.93},           // at best 1, any action 0.7 at most
		{"plain", plain(), false, "", 3.35},            // 0.4 + 3
	} {
		t.Run(c.name, func(t *testing.T) {
			m := learned(t, c.w.draw(1, 4000))
			last := m.Looks[len(m.Looks)-1]
			if m.Contextual != c.contextual || c.contextual && last.Design != c.by || last.Matters != c.contextual {
				t.Errorf("%+v", m.Looks)
			}
			if !m.Contextual && m.Arms[m.Fixed].Name != "b" {
				t.Error(m.Arms[m.Fixed].Name)
			}
			fresh := c.w.draw(2, 4000)
			if v := earns(t, m, c.w, fresh); v < c.least {
				t.Errorf("earns %.3f", v)
			}
			data, err := m.Marshal()
			if err != nil || !IsModel(data) {
				t.Fatal(err)
			}
			again, err := learned(t, c.w.draw(1, 4000)).Marshal()
			if err != nil || !bytes.Equal(data, again) {
				t.Error("the same seed gives other bytes", err)
			}
			back, err := ReadModel("m.json", data)
			if err != nil {
				t.Fatal(err)
			}
			if twice, err := back.Marshal(); err != nil || !bytes.Equal(data, twice) {
				t.Error("what is read is not what was written", err)
			}
			if a, b := earns(t, m, c.w, fresh), earns(t, back, c.w, fresh); a != b {
				t.Errorf("%g, and read back %g", a, b)
			}
		})
	}
}

// TestSeldomFooled learns from logs in which nothing depends on the context: each look is wrong once in forty.
func TestSeldomFooled(t *testing.T) {
	if testing.Short() || raced.On {
		t.Skip("many fits")
	}
	fooled := 0
	const worlds = 60
	for seed := range uint64(worlds) {
		if learned(t, plain().draw(seed+100, 900)).Contextual {
			fooled++
		}
	}
	t.Logf("fooled %d times of %d", fooled, worlds)
	if fooled > 8 {
		t.Errorf("fooled %d times of %d", fooled, worlds)
	}
}

// TestLearnFromOddLogs does not fail where there is next to nothing.
func TestLearnFromOddLogs(t *testing.T) {
	one := crossing().draw(1, 1)
	same := crossing().draw(1, 50)
	for i := range same.Reward {
		same.Reward[i] = 7
	}
	huge := crossing().draw(1, 200)
	for i := range huge.Reward {
		huge.Reward[i] *= 1e14
	}
	for name, table := range map[string]*Table{"one row": one, "the same always": same, "huge": huge} {
		m := learned(t, table)
		data, err := m.Marshal()
		if err != nil {
			t.Error(name, err)
		}
		if _, err := ReadModel("m", data); err != nil {
			t.Error(name, err)
		}
		if _, err := Evaluate(t.Context(), table, m, EvaluateOptions{}); err != nil {
			t.Error(name, err)
		}
		if _, err := Replay(t.Context(), table, 1, nil); err != nil && err.Error() != errNothingCounts.Error() {
			t.Error(name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Learn(ctx, same, LearnOptions{}); err != context.Canceled { //nolint:errorlint // as it is
		t.Error(err)
	}
	if _, err := Evaluate(ctx, same, nil, EvaluateOptions{}); err != context.Canceled { //nolint:errorlint // as it is
		t.Error(err)
	}
	if _, err := Replay(ctx, same, 1, nil); err != context.Canceled { //nolint:errorlint // as it is
		t.Error(err)
	}
}

func TestModelsThatAreNone(t *testing.T) {
	data, err := learned(t, crossing().draw(1, 1000)).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, with, want string }{
		{string(data), "", "m.json: this is no model: unexpected end of JSON input"},
		{string(data), "{}", "m.json: this is no model; veiviserctl learn makes one"},
		{`"version": 1`, `"version": 2`, "m.json: the model is of version 2, and only 1 is known here"},
		{`"kind": "ranked"`, `"kind": "rnaked"`, `m.json: column "x" of the encoder: there is no kind "rnaked"`},
		{`"hats": 6`, `"hats": -1`, `m.json: column "x" of the encoder: hats make no sense`},
		{`"hats": 6`, `"hats": 5`, `m.json: arm "a" has 22 weights for 21 features`},
		{`"name": "b"`, `"name": "a"`, "m.json: the arms are not sorted by name"},
		{`"contextual": true`, `"contextual": "yes"`, "m.json: this is no model: json: cannot unmarshal string into Go struct field file.contextual of type bool"},
	} {
		_, err := ReadModel("m.json", bytes.Replace(data, []byte(c.old), []byte(c.with), 1))
		if err == nil || err.Error() != c.want {
			t.Errorf("%.30s: %v, want %s", c.with, err, c.want)
		}
	}
}

func TestChooseNeedsTheColumns(t *testing.T) {
	m := learned(t, crossing().draw(1, 1000))
	table := crossing().draw(2, 10)
	table.Columns[0].Numeric = false
	if _, err := m.Choose(table); err == nil || err.Error() != "model: column x: the model has learned from numbers there, and this log holds words" {
		t.Error(err)
	}
	table.Columns[0].Name = "y"
	if _, err := m.Choose(table); err == nil || !strings.HasPrefix(err.Error(), "model: column x: the model depends on it") {
		t.Error(err)
	}
}

func TestReplay(t *testing.T) {
	w := crossing()
	table := w.draw(9, 12_000)
	a, err := Replay(t.Context(), table, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if a.LastHalf < 0.7 || a.MeanReward < 0.6 || a.Rows < 3800 || a.Rows > 4200 { // at best 0.80, by chance 0.03
		t.Errorf("%+v", a)
	}
	if b, err := Replay(t.Context(), table, 1, nil); err != nil || a != b {
		t.Errorf("%+v %+v %v", a, b, err)
	}
	if b, err := Replay(t.Context(), table, 2, nil); err != nil || a == b {
		t.Errorf("%+v %+v %v", a, b, err)
	}
}

// TestReplayMakesUpForPreference counts as many rows of a preferred action as of any other.
func TestReplayMakesUpForPreference(t *testing.T) {
	table := plain().draw(10, 20_000)
	table.Constant = false
	for i := range table.Arm { // a is logged with 0.6, the others with 0.2: drop rows of these
		table.Propensity[i] = 0.2
		if table.Arm[i] == 0 {
			table.Propensity[i] = 0.6
		}
	}
	r := newReplayer(table, 1)
	shares := [3]float64{}
	for k, row := range r.order[:400] {
		if err := r.step(k, row); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range r.counted {
		shares[table.Arm[row]]++
	}
	if r.rarest != 0.2 || math.IsNaN(r.b.mean) || len(r.counted) == 0 || len(r.counted) > 200 {
		t.Error(r.rarest, len(r.counted), shares)
	}
}
