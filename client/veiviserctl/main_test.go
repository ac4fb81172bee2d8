package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite testdata/golden")

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

// invoke runs a command line against the fake.
func invoke(t *testing.T, f *fake, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err strings.Builder
	args = append(args, "--addr", f.start(t), "--timeout", "2s")
	code = run(t.Context(), args, streams{in: strings.NewReader(stdin), out: &out, err: &err})
	return code, out.String(), err.String()
}

const twoEvents = `{"eventId": "e1", "visitorId": "ana", "type": "view", "time": "2026-11-22T12:00:00Z"}

{"eventId": "e1", "visitorId": "ana", "type": "view", "time": "2026-11-22T12:00:00Z"}
`

func TestCommands(t *testing.T) {
	t.Setenv("USER", "kari")
	for _, tc := range []struct{ name, args, stdin string }{
		{"recommend", "recommend ana -p hero -p quiet --subject bike/ebike --language nb", ""},
		{"recommend-explain", "recommend ana -p hero --explain --preview --no-exploration", ""},
		{"recommend-staff-and-question", "recommend ana -p advisor -p question", ""},
		{"recommend-json", "recommend ana -p quiet --json", ""},
		{"recommend-unknown-placement", "recommend ana -p nowhere", ""},
		{"recommend-without-placement", "recommend ana", ""},
		{"recommend-bad-event", "recommend ana -p hero --event :bike", ""},
		{"record-one", "record --visitor ana --type view --subject bike --id e9", ""},
		{"record-one-json", "record --visitor ana --type view --id e9 --json", ""},
		{"record-rejected", "record --visitor ana --type badly --id e9", ""},
		{"record-nothing", "record", ""},
		{"record-both", "record - --visitor ana", ""},
		{"record-stdin", "record -", twoEvents},
		{"record-stdin-bad", "record - --json", twoEvents + "{\"event\": 7}\n{\"eventId\": \"e3\", \"type\": \"bad\"}\n"},
		{"record-no-file", "record testdata/none.jsonl", ""},
		{"visitor-get", "visitor get ana", ""},
		{"visitor-get-json", "visitor get ana --json", ""},
		{"visitor-get-unknown", "visitor get nobody", ""},
		{"visitor-export", "visitor export ana", ""},
		{"visitor-erase", "visitor erase ana", ""},
		{"visitor-erase-unknown", "visitor erase nobody", ""},
		{"visitor-link", "visitor link ana cookie-1 phone-2", ""},
		{"directive-set", "directive set ana mute-topic bike/cargo --until 2026-12-24T18:00:00Z", ""},
		{"directive-set-for", "directive set ana just-looking --subject bike --for 48h", ""},
		{"directive-set-json", "directive set ana correct-stage search --json", ""},
		{"directive-set-bad", "directive set ana mute-topic", ""},
		{"directive-set-wrong-kind", "directive set ana silence", ""},
		{"directive-set-wrong-end", "directive set ana not-now --until christmas", ""},
		{"directive-list", "directive list ana", ""},
		{"directive-list-none", "directive list nobody", ""},
		{"directive-list-json", "directive list ana --json", ""},
		{"directive-remove", "directive remove ana d1", ""},
		{"directive-remove-unknown", "directive remove ana d9", ""},
		{"consent-set", "consent set ana personalization refused --source phone", ""},
		{"consent-set-json", "consent set ana personalization granted --version 2 --json", ""},
		{"consent-list", "consent list ana", ""},
		{"consent-list-none", "consent list nobody", ""},
		{"plan-validate", "plan validate testdata/plan", ""},
		{"plan-validate-bundle", "plan validate sykkel", ""},
		{"plan-validate-violations", "plan validate testdata/plan-without-channel", ""},
		{"plan-validate-form", "plan validate testdata/plan-misspelt", ""},
		{"plan-validate-form-json", "plan validate testdata/plan-misspelt --json", ""},
		{"plan-validate-nowhere", "plan validate testdata/nowhere", ""},
		{"plan-diff", "plan diff testdata/plan", ""},
		{"plan-publish", "plan publish testdata/plan --note autumn", ""},
		{"plan-publish-json", "plan publish testdata/plan --json", ""},
		{"plan-publish-violations", "plan publish testdata/plan-without-channel", ""},
		{"plan-publish-changed", "plan publish testdata/plan --expected-version 3", ""},
		{"plan-publish-gate", "plan publish testdata/plan-closed", ""},
		{"plan-publish-skip-gate", "plan publish testdata/plan-closed --skip-gate --note checked", ""},
		{"plan-evaluate", "plan evaluate testdata/plan", ""},
		{"plan-evaluate-worse", "plan evaluate testdata/plan --limit 7", ""},
		{"plan-evaluate-refused", "plan evaluate testdata/plan -p quiet", ""},
		{"plan-evaluate-nothing", "plan evaluate testdata/plan -p nowhere", ""},
		{"plan-evaluate-json", "plan evaluate testdata/plan -p nowhere --json", ""},
		{"plan-evaluate-violations", "plan evaluate testdata/plan-without-channel", ""},
		{"plan-rollback", "plan rollback", ""},
		{"plan-get", "plan get", ""},
		{"plan-get-unknown", "plan get --version 99", ""},
		{"plan-versions", "plan versions", ""},
		{"items-import-jsonl", "items import testdata/items.jsonl --batch 2", ""},
		{"items-import-csv", "items import testdata/items.csv", ""},
		{"items-import-bad-header", "items import testdata/items-bad-header.csv", ""},
		{"items-import-json", "items import testdata/items.csv --json", ""},
		{"items-list", "items list --limit 0", ""},
		{"items-list-limit", "items list --limit 1 --kind offer --json", ""},
		{"items-get", "items get fjell-1", ""},
		{"items-delete", "items delete fjell-1", ""},
		{"items-delete-changed", "items delete fjell-1 --etag e1", ""},
		{"lift", "lift", ""},
		{"lift-known", "lift -p hero", ""},
		{"lift-json", "lift --json", ""},
		{"account-get", "account get acme", ""},
		{"account-get-json", "account get acme --json", ""},
		{"cases", "cases", ""},
		{"cases-json", "cases --json", ""},
		{"recovery", "recovery", ""},
		{"loyalty", "loyalty", ""},
		{"acquisition", "acquisition", ""},
		{"acquisition-json", "acquisition --json", ""},
		{"learning", "learning", ""},
		{"learning-json", "learning --json", ""},
		{"progress", "progress", ""},
		{"progress-item", "progress --item guide-ebike --segment families", ""},
		{"progress-nobody", "progress --segment nobody", ""},
		{"progress-json", "progress --json", ""},
		{"replay-decisions", "replay --decisions --limit 12", ""},
		{"replay-decisions-different", "replay --decisions --limit 10", ""},
		{"replay-decisions-json", "replay --decisions --limit 10 --json", ""},
		{"replay-decisions-none", "replay --decisions", ""},
		{"replay-decisions-away", "replay --decisions --limit 13", ""},
		{"replay-decisions-and-events", "replay --decisions --events x.csv", ""},
		{"replay-decisions-limit", "replay --decisions --limit=-1", ""},
		{"replay-what", "replay", ""},
		{"wrong-flag", "items list --knid offer", ""},
		{"wrong-command", "recomend", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := invoke(t, &fake{}, tc.stdin, strings.Fields(tc.args)...)
			golden(t, tc.name+".txt", fmt.Sprintf("$ veiviserctl %s\n%s-- stderr --\n%s-- exit %d --\n", tc.args, stdout, stderr, code))
		})
	}
}

// golden compares with a file in testdata/golden.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = regexp.MustCompile(` +\n`).ReplaceAllString(got, "\n")
	name = filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatalf("%v; go test -update makes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (- want, + got):\n%s", name, diff)
	}
}

func TestHelpEndsWell(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"replay", "--help"}, {"items", "import", "--help"}, {"fit", "--help"}, {"lift", "--help"}, {"plan", "evaluate", "--help"}, {"backtest", "--help"}} {
		code, stdout, stderr := invoke(t, &fake{}, "", args...)
		if code != exitOK || !strings.Contains(stdout, "Usage: veiviserctl") || stderr != "" {
			t.Errorf("%v: exit %d, %q, %q", args, code, stdout, stderr)
		}
	}
}

func TestNobodyThereIsItsOwnExitCode(t *testing.T) {
	for _, args := range [][]string{
		{"recommend", "ana", "-p", "hero"},
		{"record", "--visitor", "ana", "--type", "view"},
		{"record", "-"},
		{"plan", "versions"},
		{"plan", "evaluate", "sykkel"},
		{"replay", "--decisions"},
		{"items", "import", "testdata/items.jsonl"},
		{"replay", "--events", "testdata/clicks.csv", "--time-unit", "s", "--patience", "300ms"},
	} {
		var out, err strings.Builder
		code := run(t.Context(), append(args, "--addr", "127.0.0.1:1", "--timeout", "300ms"),
			streams{in: strings.NewReader(twoEvents), out: &out, err: &err})
		if code != exitUnavailable || !strings.Contains(err.String(), "UNAVAILABLE") {
			t.Errorf("%v: exit %d, %s", args, code, err.String())
		}
	}
}

func TestEventsOfRecommendHaveIDs(t *testing.T) {
	f := &fake{}
	code, _, stderr := invoke(t, f, "", "recommend", "ana", "-p", "hero", "--subject", "bike", "--event", "view", "--event", "search:bike/ebike:x1:y")
	if code != exitOK {
		t.Fatal(stderr)
	}
	e := f.asked[0].GetEvents()
	if len(e) != 2 || e[0].GetEventId() == "" || e[0].GetSubject() != "bike" || e[1].GetSubject() != "bike/ebike" || e[1].GetItemId() != "x1:y" {
		t.Errorf("%v", e)
	}
}

func TestPlanGetWritesAFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if code, _, stderr := invoke(t, &fake{}, "", "plan", "get", "--out", dir); code != exitOK {
		t.Fatal(stderr)
	}
	if code, stdout, stderr := invoke(t, &fake{}, "", "plan", "validate", dir); code != exitOK {
		t.Fatal(stdout, stderr)
	}
}

func TestImportedItemsAreWhatTheRowsSay(t *testing.T) {
	f := &fake{}
	invoke(t, f, "", "items", "import", "testdata/items.csv")
	var got []string
	for _, it := range f.items {
		text, err := toJSON(it)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(text))
	}
	golden(t, "items-import-csv.json", strings.Join(got, "\n")+"\n")
}

func TestBars(t *testing.T) {
	for p, want := range map[float64]string{0: "    ", 0.5: "██  ", 1: "████", 0.53125: "██▏ ", 7: "████", -1: "    "} {
		if got := bar(p, 4); got != want {
			t.Errorf("%v: %q, want %q", p, got, want)
		}
	}
}
