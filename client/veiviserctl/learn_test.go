package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const choicesMap = `context: [age, channel]
action: offer
reward: earned
propensity: {constant: 0.5}
unit: who
`

// writeChoices writes a log in which offers a and b are as likely, and a map of it: if the context matters, the old like
// b. It gives the names of both files.
func writeChoices(t *testing.T, seed uint64, rows int, matters bool) (log, mapping string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 3))
	var b strings.Builder
	b.WriteString("who,age,channel,offer,earned\n")
	for i := range rows {
		age, offer, earned := 20+rng.IntN(60), rng.IntN(2), 0
		p := 0.3
		switch {
		case matters && (age > 50) == (offer == 1):
			p = 0.6
		case !matters && offer == 1:
			p = 0.5
		}
		if rng.Float64() < p {
			earned = 2
		}
		fmt.Fprintf(&b, "u%d,%d,%s,%s,%d\n", i/2, age, []string{"web", "phone"}[rng.IntN(2)], []string{"a", "b"}[offer], earned)
	}
	return writeFile(t, "choices.csv", b.String()), writeFile(t, "map.yaml", choicesMap)
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// ran runs a command that needs no service and compares all that it says, but for names of files, with a golden file.
func ran(t *testing.T, name string, hide map[string]string, args ...string) (stdout string) {
	t.Helper()
	code, stdout, stderr := alone(t.Context(), args...)
	text := fmt.Sprintf("$ veiviserctl %s\n%s-- stderr --\n%s-- exit %d --\n", strings.Join(args, " "), stdout, stderr, code)
	for file, as := range hide {
		text = strings.ReplaceAll(text, file, as)
	}
	golden(t, name+".txt", text)
	return stdout
}

func TestLearnAndEvaluate(t *testing.T) {
	for _, matters := range []bool{true, false} {
		name := map[bool]string{true: "matters", false: "plain"}[matters]
		log, mapping := writeChoices(t, 1, 2400, matters)
		later, _ := writeChoices(t, 2, 2000, matters)
		model := filepath.Join(t.TempDir(), "deeper", "model.json")
		hide := map[string]string{log: "LOG", later: "LATER", mapping: "MAP", model: "MODEL"}
		ran(t, "learn-"+name, hide, "learn", "--log", log, "--map", mapping, "--out", model)
		first, err := os.ReadFile(model)
		if err != nil {
			t.Fatal(err)
		}
		ran(t, "learn-"+name+"-json", hide, "learn", "--log", log, "--map", mapping, "--out", model, "--json")
		if second, err := os.ReadFile(model); err != nil || string(first) != string(second) {
			t.Error("the same command gives another model", err)
		}
		if left, err := os.ReadDir(filepath.Dir(model)); err != nil || len(left) != 1 {
			t.Error(left, err)
		}
		ran(t, "evaluate-"+name, hide, "evaluate", "--log", later, "--map", mapping, "--model", model)
		ran(t, "evaluate-"+name+"-json", hide, "evaluate", "--log", later, "--map", mapping, "--model", model, "--json")
		ran(t, "evaluate-"+name+"-seen", hide, "evaluate", "--log", log, "--map", mapping, "--model", model)
		ran(t, "evaluate-"+name+"-no-model", hide, "evaluate", "--log", later, "--map", mapping)
	}
}

func TestLearnOnline(t *testing.T) {
	log, mapping := writeChoices(t, 1, 3000, true)
	hide := map[string]string{log: "LOG", mapping: "MAP"}
	ran(t, "learn-online", hide, "learn", "--log", log, "--map", mapping, "--online", "--seed", "7")
	stdout := ran(t, "learn-online-json", hide, "learn", "--log", log, "--map", mapping, "--online", "--seed", "7", "--json")
	online := sameKeys(t, string(sameKeys(t, stdout, "online")["online"]), "mean_reward", "last_half", "rows")
	var rows int
	if err := json.Unmarshal(online["rows"], &rows); err != nil || rows < 1300 || rows > 1700 {
		t.Error(rows, err)
	}
	again := must(t, "learn", "--log", log, "--map", mapping, "--online", "--seed", "7", "--json")
	if other := must(t, "learn", "--log", log, "--map", mapping, "--online", "--seed", "8", "--json"); stdout != again || stdout == other {
		t.Error("a seed must give the same, another seed something else")
	}
}

func TestEvaluateRefuses(t *testing.T) {
	log, mapping := writeChoices(t, 1, 30, true)
	hide := map[string]string{log: "LOG", mapping: "MAP"}
	ran(t, "evaluate-few", hide, "evaluate", "--log", log, "--map", mapping)
	// One unit has no interval: its ends are null.
	one := writeFile(t, "one.csv", "who,age,channel,offer,earned\nana,40,web,a,1\nana,41,web,b,0\n")
	hide[one] = "LOG"
	ran(t, "evaluate-one-unit-text", hide, "evaluate", "--log", one, "--map", mapping)
	stdout := ran(t, "evaluate-one-unit", hide, "evaluate", "--log", one, "--map", mapping, "--json")
	if !json.Valid([]byte(stdout)) || !strings.Contains(stdout, `"low": null`) {
		t.Error(stdout)
	}
}

func TestLearnHelp(t *testing.T) {
	for _, command := range []string{"learn", "evaluate"} {
		if text := must(t, command, "--help"); !strings.Contains(text, "propensity: {constant: 0.3333}") || !strings.Contains(text, "--map") {
			t.Error(text)
		}
	}
}

func TestLearnUsage(t *testing.T) {
	log, mapping := writeChoices(t, 1, 60, true)
	misspelt := writeFile(t, "map.yaml", strings.Replace(choicesMap, "reward", "rewrad", 1))
	elsewhere := writeFile(t, "map.yaml", strings.Replace(choicesMap, "age", "aeg", 1))
	slip := writeFile(t, "choices.csv", "who,age,channel,offer,earned\nana,40,web,a,much\n")
	mine := writeFile(t, "mine.json", "{}")
	out := filepath.Join(t.TempDir(), "model.json")
	hide := map[string]string{log: "LOG", mapping: "MAP", misspelt: "MAP", elsewhere: "MAP", slip: "LOG", mine: "MINE", out: "MODEL"}
	for name, args := range map[string][]string{
		"learn-nothing":        {"learn", "--log", log, "--map", mapping},
		"learn-both":           {"learn", "--log", log, "--map", mapping, "--online", "--out", out},
		"learn-over-mine":      {"learn", "--log", log, "--map", mapping, "--out", mine},
		"learn-misspelt":       {"learn", "--log", log, "--map", misspelt, "--out", out},
		"learn-no-column":      {"learn", "--log", log, "--map", elsewhere, "--out", out},
		"learn-slip":           {"learn", "--log", slip, "--map", mapping, "--out", out},
		"learn-no-log":         {"learn", "--log", "none.csv", "--map", mapping, "--out", out},
		"learn-no-map":         {"learn", "--log", log, "--map", "none.yaml", "--out", out},
		"evaluate-no-model":    {"evaluate", "--log", log, "--map", mapping, "--model", "none.json"},
		"evaluate-other-model": {"evaluate", "--log", log, "--map", mapping, "--model", mine},
	} {
		ran(t, name, hide, args...)
	}
	if text, err := os.ReadFile(mine); err != nil || string(text) != "{}" {
		t.Error("a file of somebody else's was overwritten", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a model was written")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code, _, stderr := alone(ctx, "learn", "--log", log, "--map", mapping, "--out", out); code != exitNo {
		t.Error(code, stderr)
	}
}
