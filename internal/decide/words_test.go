package decide

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

var update = flag.Bool("update", false, "write testdata/voice.golden")

// spoken are the languages of the service.
var spoken = []string{"nb", "sv", "en"}

// constants are the values of all constants of a type of the vocabulary, in the order of the file.
func constants(t *testing.T, typ string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../veiviser/decision.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); !ok || name.Name != typ {
			return true
		}
		for _, v := range spec.Values {
			if lit, ok := v.(*ast.BasicLit); ok {
				s, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, s)
			}
		}
		return true
	})
	if len(values) < 5 {
		t.Fatalf("found only %v of %s", values, typ)
	}
	return values
}

func TestEveryCodeHasWords(t *testing.T) {
	complete := func(what string, text veiviser.Text) {
		for _, l := range spoken {
			if strings.TrimSpace(text[l]) == "" {
				t.Errorf("%s has no text in %s", what, l)
			}
		}
		if len(text) != len(spoken) {
			t.Errorf("%s is in %d languages", what, len(text))
		}
	}
	for _, code := range constants(t, "BecauseCode") {
		complete(code, sentences[veiviser.BecauseCode(code)])
	}
	for _, code := range constants(t, "SilenceReason") {
		if code != "" {
			complete(code, silences[veiviser.SilenceReason(code)])
		}
	}
	for _, s := range veiviser.StandardStages() {
		complete(string(s), stageSentences[s])
	}
	complete("standing", standing)
	complete("standingUnsure", standingUnsure)
}

// voiced is an answer in which every kind of decision occurs.
func voiced() *veiviser.Answer {
	because := func(codes ...veiviser.Because) []veiviser.Choice {
		return []veiviser.Choice{{ItemID: "fjord-city", Reasons: codes}}
	}
	a := &veiviser.Answer{Needs: []veiviser.NeedView{
		{Need: veiviser.Need{Journey: "purchase", Stages: []string{"search", "evaluate"}, P: []float64{0.28, 0.72}}, Stage: "evaluate", Standard: "evaluate"},
		{Need: veiviser.Need{Journey: "repurchase", Stages: []string{"worn", "find"}, P: []float64{0.5, 0.5}}},
		{Need: veiviser.Need{Journey: "gone", Stages: []string{"x"}, P: []float64{1}}, Stage: "x"},
	}}
	a.Decisions = []veiviser.Decision{
		{Need: 0, Choices: because(
			veiviser.Because{Code: veiviser.BecauseStage, About: "evaluate", Journey: "purchase"},
			veiviser.Because{Code: veiviser.BecauseSignal, About: "compared", Journey: "purchase"},
			veiviser.Because{Code: veiviser.BecauseSubject, About: ebike},
		)},
		{Need: 1, Choices: because(veiviser.Because{Code: veiviser.BecauseUnsure}, veiviser.Because{Code: veiviser.BecauseExplore})},
		{Need: -1, Fallback: true, Choices: because(veiviser.Because{Code: veiviser.BecauseFallback})},
		{Need: 2, Choices: because(veiviser.Because{Code: veiviser.BecauseSegment, About: "families"}, veiviser.Because{Code: veiviser.BecauseBoost})},
	}
	for _, s := range []veiviser.SilenceReason{
		veiviser.SilenceNothing, veiviser.SilenceNotUseful, veiviser.SilenceRule, veiviser.SilenceAudience,
		veiviser.SilenceNoRoom, veiviser.SilenceUnavailable, veiviser.SilenceControl,
	} {
		a.Decisions = append(a.Decisions, veiviser.Decision{Need: 0, Silence: s})
	}
	return a
}

// What a customer reads stands in testdata/voice.golden: go test ./internal/decide -run TestVoice -update
func TestVoice(t *testing.T) {
	snap, a := sykkel(t), voiced()
	var b bytes.Buffer
	for _, l := range spoken {
		v := newVoice(snap, a, l)
		fmt.Fprintf(&b, "# %s: reasons\n", l)
		for _, code := range constants(t, "BecauseCode") {
			fmt.Fprintf(&b, "%s: %s\n", code, v.Reason(veiviser.Because{Code: veiviser.BecauseCode(code)}))
		}
		for _, s := range veiviser.StandardStages() {
			fmt.Fprintf(&b, "FITS_STAGE %s: %s\n", s, v.Reason(veiviser.Because{Code: veiviser.BecauseStage, About: string(s)}))
		}
		applicant := veiviser.Because{Code: veiviser.BecauseStage, About: string(veiviser.StageUse), Journey: "job"}
		fmt.Fprintf(&b, "FITS_STAGE use, of no customer: %s\n", v.Reason(applicant))
		fmt.Fprintf(&b, "# %s: summaries\n", l)
		for i := range a.Decisions {
			fmt.Fprintf(&b, "%d %s\n", i, v.Summary(a, i))
		}
		fmt.Fprintf(&b, "# %s: evidence of the sample plan\n", l)
		for _, j := range snap.Plan.Journeys {
			for _, s := range j.Signals {
				fmt.Fprintf(&b, "%s %s: %s\n", j.ID, s.ID, v.Evidence(j.ID, s.ID))
			}
		}
	}
	const golden = "testdata/voice.golden"
	if *update {
		if err := os.MkdirAll("testdata", 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), b.String()); d != "" {
		t.Errorf("the words changed; if they should, run with -update: %s", d)
	}
}

func TestVoiceLanguage(t *testing.T) {
	snap := sykkel(t)
	for name, c := range map[string]struct {
		asked, request, visit string
		want, subject         string
	}{
		"asked":             {"sv-SE", "en", "en", "sv-SE", "Handlar om det du tittar på."},
		"of the request":    {"", "en", "sv", "en", "Is about what you are looking at."},
		"of the visit":      {"", "", "sv", "sv", "Handlar om det du tittar på."},
		"of the plan":       {"", "", "", "nb", "Handler om det du ser på."},
		"Nynorsk is nb":     {"nn", "", "", "nn", "Handler om det du ser på."},
		"any other gets nb": {"fi", "", "", "nb", "Handler om det du ser på."},
	} {
		t.Run(name, func(t *testing.T) {
			a := &veiviser.Answer{}
			a.Request.Context.Language, a.Visitor.Visit.Language = c.request, c.visit
			v := newVoice(snap, a, c.asked)
			if v.Language() != c.want || v.Reason(veiviser.Because{Code: veiviser.BecauseSubject}) != c.subject {
				t.Errorf("%q says %q", v.Language(), v.Reason(veiviser.Because{Code: veiviser.BecauseSubject}))
			}
		})
	}
}

// A reason is never given in two languages: what the plan has no words for is said in those of the service, and what the service does
// not speak is said as a whole in a language that both speak.
func TestReasonsKeepToOneLanguage(t *testing.T) {
	signal := veiviser.Because{Code: veiviser.BecauseSignal, About: "compared", Journey: "purchase"}
	said := veiviser.Because{Code: veiviser.BecauseSubject, About: ebike}
	snap := sykkel(t, func(p *veiviser.Plan) {
		for i := range p.Journeys {
			for k := range p.Journeys[i].Signals {
				p.Journeys[i].Signals[k].Text = veiviser.Text{"nb": "Du sammenlignet flere"}
			}
			for k := range p.Journeys[i].Stages {
				p.Journeys[i].Stages[k].Name = veiviser.Text{"nb": "Veier for og imot"}
			}
		}
	})
	for l, want := range map[string][3]string{
		"nb":    {"Du sammenlignet flere.", "Handler om det du ser på.", "Trolig trinn: Veier for og imot (72 %)."},
		"sv-SE": {sentences[veiviser.BecauseSignal]["sv"], "Handlar om det du tittar på.", "Troligt steg: väger för och emot (72 %)."},
		"en":    {sentences[veiviser.BecauseSignal]["en"], "Is about what you are looking at.", "Likely stage: is weighing up (72%)."},
	} {
		v := newVoice(snap, voiced(), l)
		got := [3]string{v.Reason(signal), v.Reason(said), v.standing(voiced(), &veiviser.Decision{})}
		if got != want {
			t.Errorf("%s: %q, want %q", l, got, want)
		}
	}
	snap = sykkel(t, func(p *veiviser.Plan) {
		p.Languages = []string{"de", "sv"}
		for i := range p.Journeys {
			for k := range p.Journeys[i].Signals {
				p.Journeys[i].Signals[k].Text = veiviser.Text{"de": "Sie haben verglichen", "sv": "Du jämförde flera"}
			}
		}
	})
	v := newVoice(snap, &veiviser.Answer{}, "de")
	if got := v.Reason(signal) + " " + v.Reason(said); got != "Du jämförde flera. Handlar om det du tittar på." {
		t.Errorf("in German: %q", got)
	}
	if v.Language() != "de" {
		t.Errorf("the items are called in %s", v.Language())
	}
}

func TestVoiceRepresentation(t *testing.T) {
	snap := sykkel(t)
	v := newVoice(snap, &veiviser.Answer{}, "nb")
	if r, ok := v.Representation(veiviser.Choice{ItemID: "guide-choose-bike"}); !ok || r.Title == "" {
		t.Errorf("%+v, %v", r, ok)
	}
	for _, c := range []veiviser.Choice{{ItemID: "gone"}, {ItemID: "guide-choose-bike", Representation: -1}, {ItemID: "guide-choose-bike", Representation: 999}} {
		if _, ok := v.Representation(c); ok {
			t.Errorf("%+v has a representation", c)
		}
	}
}

// What one of them said of their company's decision is told to all of them, as theirs.
func TestWordOfCompany(t *testing.T) {
	v := newVoice(sykkel(t), &veiviser.Answer{}, "en")
	for journey, want := range map[string]string{
		"fleet": "You told us yourselves how far you have got.", "purchase": "You told us yourself how far you have got.",
		"gone": "You told us yourself how far you have got.",
	} {
		got := v.Reason(veiviser.Because{Code: veiviser.BecauseYouSaid, About: stage.ToldStage, Journey: journey})
		if got != want || v.Evidence(journey, stage.ToldStage)+"." != want {
			t.Errorf("%s: %q", journey, got)
		}
	}
}
