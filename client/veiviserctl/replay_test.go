package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/client/veiviserctl/replay"
	"github.com/veiviser/veiviser/internal/eventlog"
)

const taobao = " --time-unit s --columns visitor_id=user_id,item_id=item_id,subject=category_id,type=behavior,time=timestamp" +
	" --types pv=view,fav=save,cart=cart_add,buy=purchase -p front -p quiet --every 10 --concurrency 3 --batch 7 --channel web --language nb"

func TestReplay(t *testing.T) {
	for _, tc := range []struct{ name, args string }{
		{"replay-csv", "replay --events testdata/replay/clicks.csv --expect accepted" + taobao},
		{"replay-gz", "replay --events testdata/replay/clicks.csv.gz --limit 120" + taobao},
		{"replay-jsonl", "replay --events testdata/replay/clicks.jsonl --time-unit ms --columns visitor_id=user.id,channel==web" +
			" --types pv=view,fav=save,cart=cart_add,buy=bad,noise="},
		{"replay-expect", "replay --events testdata/replay/clicks.csv --expect duplicate --limit 3" + taobao},
		{"replay-unknown-column", "replay --events testdata/replay/clicks.csv --columns visitor_id=usr"},
		{"replay-unknown-field", "replay --events testdata/replay/clicks.csv --columns visitor=user_id"},
		{"replay-no-file", "replay --events testdata/replay/none.csv"},
		{"replay-no-format", "replay --events testdata/replay"},
		{"replay-batch", "replay --events testdata/replay/clicks.csv --batch 1001"},
		{"replay-unknown-placement", "replay --events testdata/replay/clicks.csv -p nowhere --every 400" + strings.Split(taobao, " -p front")[0]},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := invoke(t, &fake{}, "", strings.Fields(tc.args)...)
			if tc.name == "replay-unknown-placement" { // how far it came before the answer is chance
				stdout = ""
			}
			golden(t, tc.name+".txt", steady("$ veiviserctl "+tc.args+"\n"+stdout+"-- stderr --\n"+stderr)+"-- exit "+string(rune('0'+code))+" --\n")
		})
	}
}

// steady takes out of a report what differs from run to run.
func steady(s string) string {
	s = regexp.MustCompile(`Speed: .*`).ReplaceAllString(s, "Speed: …")
	s = regexp.MustCompile(`call +calls +p50.*`).ReplaceAllString(s, "call calls p50 …")
	return regexp.MustCompile(`(RecordEvents|Recommend)  +\d+ .*`).ReplaceAllString(s, "$1 …")
}

func TestReplayTwiceCountsOnceAndKeepsTheOrder(t *testing.T) {
	f := &fake{}
	if code, _, stderr := invoke(t, f, "", strings.Fields("replay --events testdata/replay/clicks.csv --expect accepted"+taobao)...); code != exitOK {
		t.Fatal(stderr)
	}
	want := make(map[string][]string)
	for _, line := range readLines(t, "testdata/replay/clicks.csv")[1:] {
		cells := strings.Split(line, ",")
		if word, ok := map[string]string{"pv": "view", "fav": "save", "cart": "cart_add", "buy": "purchase"}[cells[min(3, len(cells)-1)]]; ok &&
			cells[0] != "" && !strings.Contains(line, "yesterday") {
			want[cells[0]] = append(want[cells[0]], word+" "+cells[1])
		}
	}
	if diff := cmp.Diff(want, f.events); diff != "" {
		t.Errorf("what the service counted, by visitor, in order:\n%s", diff)
	}
	for _, r := range f.asked {
		if len(r.GetEvents()) > 0 || r.GetTime() == nil || r.GetContext().GetSubject() == "" || len(r.GetPlacements()) != 2 {
			t.Fatalf("asked %v", r)
		}
	}
	if len(f.asked) != 40 {
		t.Errorf("asked %d times for 401 events, one in 10", len(f.asked))
	}
	// The same log, packed, is the same events; under another prefix it is not.
	if code, _, stderr := invoke(t, f, "", strings.Fields("replay --events testdata/replay/clicks.csv.gz --expect duplicate"+taobao)...); code != exitOK {
		t.Error(stderr)
	}
	if code, _, stderr := invoke(t, f, "", strings.Fields("replay --events testdata/replay/clicks.csv --id-prefix again- --expect accepted"+taobao)...); code != exitOK {
		t.Error(stderr)
	}
}

func readLines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(data), "\n"), func(s string) bool { return s == "" })
}

func TestReplayWritesReports(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	code, stdout, stderr := invoke(t, &fake{}, "", strings.Fields("replay --json --report-dir "+dir+" --events testdata/replay/clicks.csv"+taobao)...)
	if code != exitOK {
		t.Fatal(stderr)
	}
	var r replay.Report
	for name, text := range map[string]string{"standard output": stdout, "report.json": strings.Join(readLines(t, filepath.Join(dir, "report.json")), "\n")} {
		if err := json.Unmarshal([]byte(text), &r); err != nil || !r.All("accepted") || !r.InOrder() || r.Served.Decisions != 80 || len(r.Stages) != 10 {
			t.Errorf("%s: %v, %+v", name, err, r.Events)
		}
	}
	page := strings.Join(readLines(t, filepath.Join(dir, "report.html")), "\n")
	for _, want := range []string{"<polygon", "guide-ebike", "<polyline", `class="call1"`, "counts equal the recount"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if regexp.MustCompile(`(?i)<script|src=|href=|url\(|@import|https?://`).MatchString(page) {
		t.Error("the page needs something from outside")
	}
	wellFormed(t, page)
}

// wellFormed checks that the tags of a page close.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(page, "<!doctype html>")))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestPageEscapesWhatComesFromOutside(t *testing.T) {
	const evil = `<img src=x onerror=alert(1)>"'`
	r := &replay.Report{
		Files: []string{evil}, Log: replay.LogReport{Malformed: 1, Examples: []string{evil}}, Troubles: []replay.Trouble{{What: evil, Name: evil, Example: evil}},
		Types: []replay.TypeReport{{Type: evil}}, PlanVersions: []string{evil},
		Served: replay.ServedReport{
			Answers: 1, Items: []replay.Served{{Item: evil, Kind: evil, Title: evil, Count: 1}}, Kinds: []replay.Counted{{Name: evil}},
			Silences: []replay.Counted{{Name: evil}}, Placements: []replay.PlacementReport{{Placement: evil}},
		},
		StageNames: []string{evil}, Stages: []replay.StageReport{{Needs: 1, Share: []float64{1}}},
		Speed: replay.SpeedReport{Latency: []replay.Latency{{Call: evil, Calls: 1, Buckets: []replay.Bucket{{UpTo: 1, Calls: 1}}}}},
	}
	var page strings.Builder
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(page.String(), "<img") {
		t.Error("what comes from outside stands in the page as it is")
	}
	wellFormed(t, page.String())
}

// TestReplayOfRealLogs recounts the public data sets by other means than the replay itself.
func TestReplayOfRealLogs(t *testing.T) {
	data := os.Getenv("VEIVISER_DATA")
	if data == "" {
		t.Skip("VEIVISER_DATA names no folder with the public data sets")
	}
	r, err := eventlog.Open(filepath.Join(data, "taobao-userbehavior", "events.csv.gz"), eventlog.Options{
		Columns: map[string]string{"visitor_id": "user_id", "type": "behavior", "time": "timestamp"}, Time: eventlog.Seconds,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	ids := make(map[string]bool)
	for row, err := range r.Rows() {
		if err != nil {
			t.Fatal(err)
		}
		ids[row.EventID] = true
	}
	if len(ids) != 39_964 {
		t.Errorf("%d ids for 39964 rows", len(ids))
	}
}
