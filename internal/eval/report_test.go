package eval

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// awkward is a tally with names that a page has to escape, of a few visitors.
func awkward() *Tally {
	random := rand.New(rand.NewPCG(4, 2))
	t := NewTally([]string{`<script>alert("x")</script>`, "a&b's"}, []string{"need", "<b>search</b>", "evaluate"})
	for v := range 40 {
		for k := range 1 + v%7 {
			t.Add(Prediction{
				Visitor: v, Visit: 1, Position: k + 1, Later: []float64{random.Float64(), float64(k) / 6}, Happened: []bool{random.IntN(3) == 0, v%2 == 0},
				Next: random.Float64(), Stage: random.IntN(4) - 1, Hindsight: random.IntN(4) - 1,
			})
			t.Flow(random.IntN(4)-1, random.IntN(4)-1, random.Float64())
		}
	}
	return t
}

// constant is a tally in which the first target never comes and the second always does, and a model that never changes
// its mind.
func constant(visitors int) *Tally {
	t := NewTally([]string{"never", "always"}, []string{"only"})
	for v := range visitors {
		t.Add(Prediction{Visitor: v, Visit: v, Position: 1, Later: []float64{0, 1}, Happened: []bool{false, true}, Next: 1, Stage: 0, Hindsight: 0})
		t.Flow(0, 0, 1)
	}
	return t
}

const golden = `{
  "targets": {
    "buy": {
      "k1": {
        "n": 2,
        "positives": 1,
        "auc": 1,
        "auc_low": null,
        "auc_high": null,
        "log_loss": 0.4904146265058631,
        "log_loss_low": null,
        "log_loss_high": null,
        "brier": 0.15625,
        "ece": 0.375
      },
      "k2": {
        "n": 1,
        "positives": 1,
        "auc": null,
        "auc_low": null,
        "auc_high": null,
        "log_loss": 0.6931471805599453,
        "log_loss_low": null,
        "log_loss_high": null,
        "brier": 0.25,
        "ece": 0.5
      },
      "k3": EMPTY,
      "k4": EMPTY,
      "k5": EMPTY,
      "every": {
        "n": 3,
        "positives": 2,
        "auc": 0.75,
        "auc_low": null,
        "auc_high": null,
        "log_loss": 0.5579921445238906,
        "log_loss_low": null,
        "log_loss_high": null,
        "brier": 0.1875,
        "ece": 0.08333333333333333
      }
    }
  },
  "next_type": {
    "perplexity": 2,
    "perplexity_low": null,
    "perplexity_high": null
  },
  "visits": 2,
  "events": 3,
  "visitors": 2,
  "stages": {
    "accuracy": 0.5,
    "accuracy_answered": 1,
    "answered": 0.5,
    "n": 2
  }
}`

const goldenEmpty = `{
        "n": 0,
        "positives": 0,
        "auc": null,
        "auc_low": null,
        "auc_high": null,
        "log_loss": null,
        "log_loss_low": null,
        "log_loss_high": null,
        "brier": null,
        "ece": null
      }`

func TestJSONShape(t *testing.T) {
	tally := NewTally([]string{"buy"}, []string{"need"})
	tally.Add(Prediction{Visitor: 1, Position: 1, Later: []float64{0.75}, Happened: []bool{true}, Next: 0.5, Stage: -1, Guess: 1, Hindsight: 0})
	tally.Add(Prediction{Visitor: 1, Position: 2, Later: []float64{0.5}, Happened: []bool{true}, Next: 0.5, Stage: -1, Hindsight: -1})
	tally.Add(Prediction{Visitor: 2, Position: 1, Later: []float64{0.5}, Happened: []bool{false}, Next: 0.5, Stage: 0, Hindsight: 0})
	r := tally.Report(ReportOptions{Resamples: -1})
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	// By hand: 0.75 came true, 0.5 as the second event too, 0.5 of the other visitor did not.
	if diff := cmp.Diff(strings.ReplaceAll(golden, "EMPTY", goldenEmpty), string(raw)); diff != "" {
		t.Error(diff)
	}
}

func TestProgress(t *testing.T) {
	var calls, last, total int
	awkward().Report(ReportOptions{Resamples: 7, Progress: func(done, of int) { calls, last, total = calls+1, done, of }})
	if calls != 21 || last != 21 || total != 21 {
		t.Errorf("%d calls, the last %d of %d", calls, last, total)
	}
}

func TestSingleClass(t *testing.T) {
	r := constant(10).Report(ReportOptions{})
	for _, name := range []string{"never", "always"} {
		m := r.Targets[name].Every
		if m.AUC != nil || m.AUCLow != nil || m.AUCHigh != nil {
			t.Errorf("%s has an area under the curve", name)
		}
		near(t, name, m.Brier, 0)
		near(t, name, m.LogLoss, 0)
		if m.LogLossLow == nil {
			t.Errorf("%s has no interval of the log-loss", name)
		}
	}
}

// TestPages checks that every report makes a page that is well formed, whatever is missing from it.
func TestPages(t *testing.T) {
	for name, tally := range map[string]*Tally{
		"awkward": awkward(), "single class": constant(10), "one event": constant(1), "empty": NewTally([]string{"buy"}, []string{"need"}),
		"nothing": NewTally(nil, nil), "no targets": func() *Tally {
			t := NewTally(nil, nil)
			t.Add(Prediction{Next: 0.3, Stage: -1, Hindsight: -1})
			t.Flow(-1, -1, 1)
			return t
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			r := tally.Report(ReportOptions{Resamples: 20, Title: `"Back" <test>`, Source: "a & b", StageNames: []string{"<i>first</i>"}})
			var page, text strings.Builder
			if err := r.HTML(&page); err != nil {
				t.Fatal(err)
			}
			r.Text(&text)
			raw, err := json.Marshal(r)
			if err != nil {
				t.Fatal(err)
			}
			for what, s := range map[string]string{"page": page.String(), "text": text.String(), "JSON": string(raw)} {
				for _, bad := range []string{"NaN", "Inf", "%!", "ZgotmplZ"} {
					if strings.Contains(s, bad) {
						t.Errorf("the %s holds %q", what, bad)
					}
				}
			}
			for _, bad := range []string{"<script", "<b>search", "<i>first", "<test>", "http-equiv", "@import", "url(", "src="} {
				if strings.Contains(page.String(), bad) {
					t.Errorf("the page holds %q", bad)
				}
			}
			wellFormed(t, page.String())
		})
	}
}

// wellFormed checks that what is opened is closed, and that pictures are XML.
func wellFormed(t *testing.T, page string) {
	t.Helper()
	var open []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			if !errors.Is(z.Err(), io.EOF) {
				t.Error(z.Err())
			}
			break
		}
		tag, _ := z.TagName()
		switch name := string(tag); {
		case kind == html.StartTagToken && name != "meta":
			open = append(open, name)
		case kind == html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != name {
				t.Fatalf("</%s> closes %v", name, open)
			}
			open = slices.Delete(open, len(open)-1, len(open))
		}
	}
	if len(open) > 0 {
		t.Errorf("not closed: %v", open)
	}
	for part := range strings.SplitSeq(page, "<svg") {
		picture, _, found := strings.Cut(part, "</svg>")
		if !found {
			continue
		}
		d := xml.NewDecoder(strings.NewReader("<svg" + picture + "</svg>"))
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v in <svg%s</svg>", err, picture)
			}
		}
	}
}

func TestWords(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1.0k", 9949: "9.9k", 9950: "10k", 107_300: "107k", 999_600: "1.0M", 34_000_000: "34M"} {
		if got := brief(n); got != want {
			t.Errorf("brief(%d) = %q, want %q", n, got, want)
		}
	}
	if got := thousands(1234567); got != "1\u202f234\u202f567" {
		t.Error(got)
	}
	for most, want := range map[float64]float64{0.106: 0.05, 1: 0.2, 0.09: 0.02, 0.5: 0.1} {
		if got := niceStep(most); got < want*0.999 || got > want*1.001 {
			t.Errorf("niceStep(%v) = %v, want %v", most, got, want)
		}
	}
}
