package plan

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// What a switch needs of the plan and the catalogue to do what it says.
const (
	NeedsTopic     = "topic"
	NeedsSegment   = "segment"
	NeedsStatement = "statement"
)

// Missing says what a switch needs and does not find in the plan and the catalogue that answer now: without the topic or the
// segment it keeps nothing away from anybody, without the statement nothing is shown instead.
func (l *Library) Missing(w *veiviser.Switch) []string {
	s := l.Active()
	if s == nil || w.Over {
		return nil
	}
	var missing []string
	if w.Topic != "" && !s.about(w.Topic) {
		missing = append(missing, NeedsTopic)
	}
	if w.Segment != "" && !s.hasSegment(w.Segment) {
		missing = append(missing, NeedsSegment)
	}
	if w.Statement != "" && s.checkStatement(w.Statement, l.clock()) != nil {
		missing = append(missing, NeedsStatement)
	}
	return missing
}

// about reports whether the shop has anything about the topic of a switch.
func (s *Snapshot) about(topic string) bool { return topic == "*" || s.Topic(topic) }

func (s *Snapshot) hasSegment(id string) bool {
	return slices.ContainsFunc(s.segments, func(g segment) bool { return g.id == id })
}

// checkSwitch says what is wrong with what somebody wants to silence, and takes the space around its words away.
func (s *Snapshot) checkSwitch(w *veiviser.Switch, now time.Time) error {
	if w.ID != "" {
		if msg := badID(w.ID); msg != "" {
			return wrongSwitch("switch_id", "the id %s", msg)
		}
	}
	w.Topic, w.Region = trimAll(strings.TrimSpace(w.Topic)), strings.TrimSpace(w.Region)
	if w.Topic == "" && w.Region == "" && w.Segment == "" {
		return wrongSwitch("topic", "say what is to stop: a topic, a region or a segment, or several that must all hold")
	}
	for _, x := range [...]struct {
		field, text string
		most        int
	}{{"topic", w.Topic, maxTopicBytes}, {"region", w.Region, veiviser.MaxRegionBytes}} {
		switch {
		case len(x.text) > x.most:
			return wrongSwitch(x.field, "is %d bytes long, at most %d are allowed", len(x.text), x.most)
		case strings.ContainsFunc(x.text, unicode.IsControl):
			return wrongSwitch(x.field, "%q holds a control character", x.text)
		}
	}
	switch {
	case w.Topic != "" && slices.Contains(strings.Split(w.Topic, "/"), ""):
		return wrongSwitch("topic", "%q has an empty part: write it as in bike/ebike", w.Topic)
	case w.Topic != "" && !s.about(w.Topic):
		return veiviser.NotFound(veiviser.ReasonUnknownTopic, "switch.topic", "%s", unknown("topic", w.Topic, s.topics()))
	case w.Segment != "" && !s.hasSegment(w.Segment):
		return veiviser.NotFound(veiviser.ReasonUnknownSegment, "switch.segment", "%s", unknown("segment", w.Segment, s.segmentIDs()))
	case w.Statement != "":
		return s.checkStatement(w.Statement, now)
	default:
		return nil
	}
}

func wrongSwitch(field, format string, args ...any) error {
	return veiviser.Invalid(veiviser.ReasonInvalidField, "switch."+field, format, args...)
}

// checkStatement says why the item of an id can not stand for what is switched off.
func (s *Snapshot) checkStatement(id string, now time.Time) error {
	it, ok := s.Catalog.Lookup(id)
	if !ok {
		return veiviser.NotFound(veiviser.ReasonUnknownItem, "switch.statement_item_id", "the catalogue has no item %q", id)
	}
	if why := unfit(it, now); why != "" {
		return wrongSwitch("statement_item_id", "the item %q %s", id, why)
	}
	return nil
}

// unfit says why an item can not stand for what is switched off, "" for nothing. It need not be in stock.
func unfit(it *veiviser.Item, now time.Time) string {
	switch {
	case it.Kind == veiviser.KindOffer:
		return "is an offer: what is shown instead must not sell"
	case len(it.Audiences) > 0:
		return "is for some audiences: what is shown instead must be for everybody"
	case it.Status == veiviser.StatusDraft:
		return "is a draft: make it live first"
	case !onDate(it, now):
		return "is outside its dates now"
	default:
		return ""
	}
}

// topics are those that the items and the journeys of the shop are about.
func (s *Snapshot) topics() []string {
	all := map[string]bool{}
	for _, e := range s.Catalog.entries {
		for _, t := range e.item.Topics {
			all[trimAll(t)] = true
		}
	}
	for i := range s.Plan.Journeys {
		for _, t := range s.Plan.Journeys[i].Subjects {
			all[trimAll(t)] = true
		}
	}
	return sortedKeys(all)
}

func (s *Snapshot) segmentIDs() []string {
	var ids []string
	for i := range s.segments {
		ids = append(ids, s.segments[i].id)
	}
	return ids
}

// keepSwitches refuses a snapshot in which a switch that is on would find less than in the one that answers now: then people would be
// spoken to whom it keeps silence for. Its resume stages are its own, so that no plan changes how far it has come back.
func keepSwitches(on []veiviser.Switch, was, next *Snapshot, now time.Time) error {
	var wrong []veiviser.Violation
	lost := func(w *veiviser.Switch, field, format string, args ...any) {
		wrong = append(wrong, veiviser.Violation{
			Field: field, Message: fmt.Sprintf("the switch %q is on and needs %s: resume it first", w.ID, fmt.Sprintf(format, args...)),
		})
	}
	for i := range on {
		w := &on[i]
		if w.Segment != "" && was.hasSegment(w.Segment) && !next.hasSegment(w.Segment) {
			lost(w, "segments", "the segment %q", w.Segment)
		}
		if w.Region != "" && was.Crisis.Region != next.Crisis.Region {
			lost(w, "crisis.region_attribute", "that regions are told by the attribute %q", was.Crisis.Region)
		}
		if w.Statement != "" && was.checkStatement(w.Statement, now) == nil && next.checkStatement(w.Statement, now) != nil {
			lost(w, "items", "the item %q as its statement", w.Statement)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &veiviser.Error{
		Kind: veiviser.KindPrecondition, Reason: veiviser.ReasonSwitchNeeds, Message: wrong[0].Message, Violations: wrong,
	}
}

// keepSwitches refuses a plan without which a switch that is on would not do what it says; p is to become the active plan.
func (l *Library) keepSwitches(p *veiviser.Plan) error {
	now, was := l.state.Load(), l.Active()
	if was == nil || len(now.switches) == 0 {
		return nil
	}
	next, err := Compile(0, p)
	if err != nil {
		return err
	}
	return keepSwitches(now.switches, was, next.with(now.overlay, now.revision, was.Activation+1), l.clock())
}

// keepStatement refuses to take away the item that a switch shows instead.
func (l *Library) keepStatement(id string) *veiviser.Error {
	now := l.state.Load().switches
	if i := slices.IndexFunc(now, func(w veiviser.Switch) bool { return w.Statement == id }); i >= 0 {
		return veiviser.Failed(veiviser.KindPrecondition, veiviser.ReasonSwitchNeeds, nil,
			"the item %q is the statement of the switch %q, which is on: resume it first", id, now[i].ID)
	}
	return nil
}

// keepFit refuses to change the item that a switch shows instead into one that can not stand for what is switched off.
func (l *Library) keepFit(it *veiviser.Item) *veiviser.Error {
	s, now := l.Active(), l.clock()
	if unfit(it, now) != "" && s != nil && s.checkStatement(it.ID, now) == nil {
		return l.keepStatement(it.ID)
	}
	return nil
}
