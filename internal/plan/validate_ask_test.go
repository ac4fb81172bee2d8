package plan

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// question is an item of kind ask that is right.
func question() veiviser.Item {
	it := bikes().Items[1]
	it.Kind = veiviser.KindAsk
	it.Answers = []veiviser.AnswerOption{
		{ID: "yes", Text: veiviser.Text{"nb": "Ja"}, Likelihood: map[veiviser.StandardStage]float64{"need": 2}, Attributes: map[string]string{"a": "b"}},
		{ID: "no", Text: veiviser.Text{"nb": "Nei"}},
	}
	return it
}

// A plan asks no more than is remembered to have been answered.
func TestValidateQuestions(t *testing.T) {
	for _, n := range []int{veiviser.MaxAnswered, veiviser.MaxAnswered + 1} {
		p := bikes()
		for i := range n {
			it := question()
			it.ID = "ask-" + strconv.Itoa(i)
			p.Items = append(p.Items, it)
		}
		violations := Validate(p)
		refused := slices.ContainsFunc(violations, func(v veiviser.Violation) bool { return v.Field == "items" })
		if refused != (n > veiviser.MaxAnswered) {
			t.Errorf("%d questions: %v", n, violations)
		}
	}
}

func TestValidateAsk(t *testing.T) {
	it := question()
	if err := ValidateItem(&it); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(it *veiviser.Item)
		field  string
		says   string
	}{
		{func(it *veiviser.Item) { it.Answers = nil }, "answers", "2–16 answers"},
		{func(it *veiviser.Item) { it.Answers = it.Answers[:1] }, "answers", "this one has 1"},
		{func(it *veiviser.Item) { it.Answers = slices.Repeat(it.Answers, 9) }, "answers", "this one has 18"},
		{func(it *veiviser.Item) { it.Kind = veiviser.KindContent }, "answers", "only items of kind ask"},
		{func(it *veiviser.Item) { it.Answers[1].ID = "" }, "answers[1].id", "missing"},
		{func(it *veiviser.Item) { it.Answers[1].ID = "Nei" }, "answers[1].id", "lower-case"},
		{func(it *veiviser.Item) { it.Answers[1].ID = "yes" }, "answers[1].id", "number 1"},
		{func(it *veiviser.Item) { it.Answers[0].Text = nil }, "answers[0].text", "say what"},
		{func(it *veiviser.Item) { it.Answers[0].Text = veiviser.Text{"nb": ""} }, `answers[0].text["nb"]`, "empty"},
		{func(it *veiviser.Item) { it.Answers[0].Text = veiviser.Text{"norsk!": "x"} }, `answers[0].text["norsk!"]`, "no language"},
		{func(it *veiviser.Item) { it.Answers[0].Text["nb"] = strings.Repeat("x", 201) }, `answers[0].text["nb"]`, "at most 200"},
		{func(it *veiviser.Item) { it.Answers[0].Likelihood["need"] = 0 }, `answers[0].likelihood["need"]`, "[0.01, 100]"},
		{func(it *veiviser.Item) { it.Answers[0].Likelihood["need"] = math.NaN() }, `answers[0].likelihood["need"]`, "[0.01, 100]"},
		{func(it *veiviser.Item) { it.Answers[0].Likelihood["ned"] = 1 }, `answers[0].likelihood["ned"]`, `did you mean "need"?`},
		{func(it *veiviser.Item) { it.Answers[0].Attributes[""] = "x" }, `answers[0].attributes[""]`, "empty"},
	} {
		it := question()
		c.change(&it)
		err := ValidateItem(&it)
		if err == nil || err.Field() != c.field || !strings.Contains(err.Violations[0].Message, c.says) {
			t.Errorf("%s: nothing says %q: %v", c.field, c.says, err)
		}
	}
}

// In a plan, whose default language is known, an answer must be in it.
func TestValidateAskInPlan(t *testing.T) {
	p := bikes()
	it := question()
	it.ID = "question"
	it.Answers[1].Text = veiviser.Text{"sv": "Nej"}
	p.Items = append(p.Items, it)
	want := "items[" + string(rune('0'+len(p.Items)-1)) + "].answers[1].text"
	if v := Validate(p); len(v) != 1 || v[0].Field != want || !strings.Contains(v[0].Message, `"nb" is missing`) {
		t.Errorf("%+v", v)
	}
}

// Where the plan declares audiences, an answer can only say that she is of one there is.
func TestValidateAskWhoSheIs(t *testing.T) {
	p := bikes()
	it := question()
	it.ID, it.Answers[0].Attributes = "question", map[string]string{"audience": "pres"}
	p.Items = append(p.Items, it)
	if v := Validate(p); len(v) > 0 {
		t.Errorf("where it is a fact like any other: %+v", v)
	}
	p.Audiences = []veiviser.Audience{{ID: "press"}}
	want := fmt.Sprintf("items[%d].answers[0].attributes[\"audience\"]", len(p.Items)-1)
	if v := Validate(p); len(v) != 1 || v[0].Field != want || !strings.Contains(v[0].Message, `did you mean "press"?`) {
		t.Errorf("%+v", v)
	}
	it.Answers[0].Attributes["audience"] = "press"
	if v := Validate(p); len(v) > 0 {
		t.Errorf("%+v", v)
	}
}

func TestValidateStaff(t *testing.T) {
	for field, change := range map[string]func(p *veiviser.Placement){
		"":                    func(p *veiviser.Placement) { p.Exploration, p.Attention = new(0.0), new(0) },
		"reports_impressions": func(p *veiviser.Placement) { p.Impressions = true },
		"attention":           func(p *veiviser.Placement) { p.Attention = new(1) },
		"exploration":         func(p *veiviser.Placement) { p.Exploration = new(0.5) },
	} {
		p := bikes()
		place := p.Placements[0]
		place.ID, place.Staff, place.Exploration = "desk", true, nil
		change(&place)
		p.Placements = append(p.Placements, place)
		v := Validate(p)
		if field == "" && len(v) > 0 {
			t.Errorf("%+v", v)
		}
		if field != "" && (len(v) != 1 || !strings.HasSuffix(v[0].Field, "]."+field)) {
			t.Errorf("%s: %+v", field, v)
		}
	}
}
