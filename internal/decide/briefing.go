package decide

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// BriefingCode says what a line of a briefing is about.
type BriefingCode string

// The lines of a briefing, in their order.
const (
	BriefCase     BriefingCode = "CASE"     // something that is to be put right, or was lately
	BriefSwitch   BriefingCode = "SWITCH"   // something the shop is silent about, and what is said instead
	BriefWish     BriefingCode = "WISH"     // something she wishes
	BriefOrder    BriefingCode = "ORDER"    // an order she waits for
	BriefTold     BriefingCode = "TOLD"     // a price or claim she was told lately
	BriefStage    BriefingCode = "STAGE"    // where she is in a decision
	BriefEvidence BriefingCode = "EVIDENCE" // what speaks for it
	BriefRelation BriefingCode = "RELATION" // how far she has come with the shop
	BriefAccount  BriefingCode = "ACCOUNT"  // the company she acts for
)

// Briefing is one thing to know before speaking with a visitor, in words for an employee.
type Briefing struct {
	Code BriefingCode
	Text string
}

// How many lines of a kind a briefing has at most: it is read while somebody waits.
const (
	maxBriefWishes   = 8
	maxBriefCases    = 4
	maxBriefOrders   = 4
	maxBriefTold     = 4
	maxBriefNeeds    = 3
	maxBriefEvidence = 3
)

// Briefing says what somebody should know before speaking with her, what is urgent first. It is empty where the decision was for
// her own eyes. Of whoever does not want to be profiled it says that, and nothing that is believed of her; what the plan calls
// sensitive is never in it.
func (v Voice) Briefing(a *veiviser.Answer, decision int) []Briefing {
	d := &a.Decisions[decision]
	if !d.Staff {
		return nil
	}
	b := briefer{voice: v, answer: a, words: briefings[spokenIn(v.spoken)]}
	b.cases()
	b.switches()
	b.wishes()
	b.orders()
	b.told()
	b.stages(d)
	b.relation()
	b.account()
	return b.lines
}

// briefer writes one briefing.
type briefer struct {
	voice  Voice
	answer *veiviser.Answer
	words  *briefingWords
	lines  []Briefing
}

func (b *briefer) add(code BriefingCode, format string, args ...any) {
	b.lines = append(b.lines, Briefing{Code: code, Text: fmt.Sprintf(format, args...)})
}

// cases tells what is to be put right, the one due first first, and what was put right lately.
func (b *briefer) cases() {
	now, w := b.answer.Time, b.words
	window := b.voice.snap.Plan.Relationship.WithDefaults().Recovery.Window
	cases := slices.Clone(b.answer.Visitor.Standing.Cases)
	slices.SortStableFunc(cases, func(x, y veiviser.Case) int {
		if x.Open() != y.Open() {
			return map[bool]int{true: -1, false: 1}[x.Open()]
		}
		return x.Due.Compare(y.Due)
	})
	n := 0
	for i := range cases {
		c := &cases[i]
		if n == maxBriefCases || !c.Open() && now.Sub(c.Resolved) > window {
			continue
		}
		n++
		about := b.about(c.Subject)
		if !c.Open() {
			b.add(BriefCase, w.caseResolved, w.causes[c.Cause], about, w.ago(now.Sub(c.Resolved)))
			continue
		}
		clock := ""
		switch {
		case !c.Answered.IsZero():
			clock = fmt.Sprintf(w.caseAnswered, w.ago(now.Sub(c.Answered)))
		case c.Due.IsZero():
		case now.After(c.Due):
			clock = fmt.Sprintf(w.caseOverdue, w.span(now.Sub(c.Due)))
		default:
			clock = fmt.Sprintf(w.caseDue, w.span(c.Due.Sub(now)))
		}
		b.add(BriefCase, "%s", strings.TrimSpace(fmt.Sprintf(w.caseOpen, w.causes[c.Cause], about, w.ago(now.Sub(c.Opened)))+" "+clock))
	}
}

// about is " om bike/ebike", "" for nothing.
func (b *briefer) about(subject string) string {
	if subject == "" {
		return ""
	}
	return fmt.Sprintf(b.words.about, subject)
}

// switches tells what the shop is silent about, as far as it concerns her, and what is said instead.
func (b *briefer) switches() {
	for i := range b.answer.Switches {
		s := &b.answer.Switches[i]
		if s.Over || s.Segment != "" && !slices.Contains(b.answer.Segments, s.Segment) {
			continue
		}
		text := b.words.switchAll
		switch { // that she is in a segment is not told, whatever the segment
		case s.Topic != "":
			text = fmt.Sprintf(b.words.switchTopic, s.Topic)
		case s.Region != "":
			text = fmt.Sprintf(b.words.switchRegion, s.Region)
		}
		if say := b.statement(s.Statement); say != "" {
			text += " " + fmt.Sprintf(b.words.switchSay, say)
		}
		b.add(BriefSwitch, "%s", text)
	}
}

// statement is what a holding statement says in her language.
func (b *briefer) statement(id string) string {
	it, ok := b.voice.snap.Catalog.Lookup(id)
	if !ok {
		return ""
	}
	said := ""
	for i := range it.Representations {
		r := &it.Representations[i]
		mine := veiviser.PrimaryLanguage(r.Language) == veiviser.PrimaryLanguage(b.voice.language)
		if said == "" || mine {
			said = strings.TrimSpace(sentence(r.Title) + " " + r.Body)
		}
		if mine {
			break
		}
	}
	return said
}

// wishes tells what she wishes, the latest first.
func (b *briefer) wishes() {
	s := &b.answer.Visitor.Standing
	unprofiled := !b.voice.snap.Profiled(s, b.answer.Time)
	if unprofiled {
		b.add(BriefWish, "%s", b.words.unprofiled)
	}
	n := 0
	for i := range slices.Backward(s.Directives) {
		d := &s.Directives[i]
		if n == maxBriefWishes || !d.Binds(b.answer.Time) || d.Kind == veiviser.DoNotProfile && unprofiled {
			continue
		}
		n++
		text := b.wish(d)
		if d.Subject != "" && d.Subject != d.Target {
			text += " (" + d.Subject + ")"
		}
		if since := s.SaidSince(i, b.answer.Time); len(since) > 0 {
			text += fmt.Sprintf(b.words.wishBeyond, strings.Join(since, ", "))
		}
		b.add(BriefWish, "%s", sentence(text))
	}
}

// wish is one wish in words.
func (b *briefer) wish(d *veiviser.Directive) string {
	format, target := b.words.wishes[d.Kind], d.Target
	switch d.Kind {
	case veiviser.MuteItem:
		target = b.item(d.Target)
	case veiviser.MuteKind:
		target = cmp.Or(b.words.kinds[veiviser.ItemKind(d.Target)], d.Target)
	case veiviser.CorrectStage:
		target = cmp.Or(b.words.stages[veiviser.StandardStage(d.Target)], d.Target)
	case veiviser.NotNow:
		target = b.words.span(d.Expires.Sub(b.answer.Time))
	default:
	}
	if !strings.Contains(format, "%s") {
		return format
	}
	return fmt.Sprintf(format, target)
}

// item is the name of an item, or of what a product is called when it is an item or there is one of that id; the id itself otherwise.
func (b *briefer) item(id string) string {
	if it, ok := b.voice.snap.Catalog.Lookup(id); ok {
		return cmp.Or(it.Name.In(b.voice.language), id)
	}
	return id
}

// orders tells which orders she waits for.
func (b *briefer) orders() {
	now, w := b.answer.Time, b.words
	orders := slices.DeleteFunc(slices.Clone(b.answer.Visitor.Standing.Orders), func(o veiviser.Order) bool { return !o.Waited() })
	for i := range orders[max(0, len(orders)-maxBriefOrders):] {
		o := &orders[max(0, len(orders)-maxBriefOrders)+i]
		about := ""
		if o.Subject != "" {
			about = " (" + o.Subject + ")"
		}
		text := fmt.Sprintf(w.order, about, w.ago(now.Sub(o.Placed)))
		if now.After(o.Promised) {
			text += " " + fmt.Sprintf(w.orderLate, w.span(now.Sub(o.Promised)))
		} else {
			text += " " + fmt.Sprintf(w.orderDue, w.span(o.Promised.Sub(now)))
		}
		b.add(BriefOrder, "%s", text)
	}
}

// told says what she was told and is held to have heard, the latest first. What may not have reached her is not spoken of.
func (b *briefer) told() {
	window := b.voice.snap.Plan.Coherence.WithDefaults().Window
	facts := slices.DeleteFunc(slices.Clone(b.answer.Visitor.Standing.Facts), func(f veiviser.Fact) bool { return !f.Until.IsZero() })
	slices.SortStableFunc(facts, func(x, y veiviser.Fact) int { return y.Time.Compare(x.Time) })
	for i := range facts[:min(len(facts), maxBriefTold)] {
		f := &facts[i]
		if b.answer.Time.Sub(f.Time) > window {
			return
		}
		if f.Claim == "" {
			b.add(BriefTold, b.words.toldPrice, b.words.price(f.Value), b.item(f.Product), b.words.ago(b.answer.Time.Sub(f.Time)))
		} else {
			b.add(BriefTold, b.words.toldClaim, f.Claim+" = "+f.Value, b.item(f.Product), b.words.ago(b.answer.Time.Sub(f.Time)))
		}
	}
}

// stages tells where she is in the decision served, and in others under way, and what speaks for it. Of somebody who is not
// profiled nothing is believed.
func (b *briefer) stages(d *veiviser.Decision) {
	a := b.answer
	switch {
	case !b.voice.snap.Profiled(&a.Visitor.Standing, a.Time):
		return
	case a.Degraded != "":
		b.add(BriefStage, "%s", b.words.noHistory)
		return
	}
	order := make([]int, 0, len(a.Needs)+1)
	if d.Need >= 0 && d.Need < len(a.Needs) {
		order = append(order, d.Need)
	}
	for i := range a.Needs {
		if i != d.Need && !a.Needs[i].New {
			order = append(order, i)
		}
	}
	for _, i := range order[:min(len(order), maxBriefNeeds)] {
		text := b.voice.standing(a, &veiviser.Decision{Need: i})
		if a.Needs[i].Subject != "" {
			text = a.Needs[i].Subject + ": " + text
		}
		b.add(BriefStage, "%s", text)
	}
	if len(order) > 0 {
		b.evidence(&a.Needs[order[0]])
	}
}

// evidence tells what moved the belief most, in the words in which she would read it herself.
func (b *briefer) evidence(n *veiviser.NeedView) {
	list := slices.Clone(n.Evidence)
	slices.SortStableFunc(list, func(x, y veiviser.Evidence) int { return cmp.Compare(math.Abs(y.Weight), math.Abs(x.Weight)) })
	told := 0
	for i := range list {
		text := b.voice.Evidence(n.Journey, list[i].Signal)
		if text == "" || told == maxBriefEvidence {
			continue
		}
		told++
		b.add(BriefEvidence, b.words.evidence, sentence(text))
	}
}

// relation tells how far she has come with the shop: what is kept of it, and the tier of whoever is profiled.
func (b *briefer) relation() {
	visitor, p := &b.answer.Visitor, b.voice.snap.Plan
	r := &visitor.Standing.Relation
	var text string
	switch r.Phase() {
	case veiviser.PhaseWaiting:
		text = b.words.waiting
	case veiviser.PhaseCustomer:
		text = fmt.Sprintf(b.words.customer, b.words.ago(b.answer.Time.Sub(r.FirstOrder)))
	default:
		if b.answer.Degraded != "" {
			return
		}
		text = b.words.prospect
	}
	for i := range p.Relationship.Rungs {
		if rung := &p.Relationship.Rungs[i]; rung.ID == r.Rung {
			text += " " + fmt.Sprintf(b.words.rung, cmp.Or(rung.Name.In(b.voice.language), rung.ID))
		}
	}
	tier := ""
	for i := range p.Relationship.Tiers {
		if t := &p.Relationship.Tiers[i]; visitor.Value >= t.From {
			tier = cmp.Or(t.Name.In(b.voice.language), t.ID)
		}
	}
	if tier != "" && visitor.Events > 0 {
		text += " " + fmt.Sprintf(b.words.tier, tier)
	}
	b.add(BriefRelation, "%s", text)
}

// account tells for which company she acts.
func (b *briefer) account() {
	s := &b.answer.Visitor.Standing
	if s.Account == "" {
		return
	}
	role := s.Role
	for i := range b.voice.snap.Plan.Accounts.Roles {
		if r := &b.voice.snap.Plan.Accounts.Roles[i]; r.ID == s.Role {
			role = cmp.Or(r.Name.In(b.voice.language), r.ID)
		}
	}
	if role == "" {
		b.add(BriefAccount, b.words.account, s.Account)
		return
	}
	b.add(BriefAccount, b.words.accountRole, s.Account, role)
}

// Option is one answer to a question, as it is shown.
type Option struct{ ID, Text string }

// Options are what a chosen question may be answered with; none for what is no question, or gone from the catalogue.
func (v Voice) Options(c veiviser.Choice) []Option {
	it, ok := v.snap.Catalog.Lookup(c.ItemID)
	if !ok || it.Kind != veiviser.KindAsk || len(it.Answers) == 0 {
		return nil
	}
	out := make([]Option, len(it.Answers))
	for i := range it.Answers {
		out[i] = Option{ID: it.Answers[i].ID, Text: it.Answers[i].Text.In(v.language)}
	}
	return out
}
