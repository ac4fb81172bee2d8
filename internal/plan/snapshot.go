package plan

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/veiviser/veiviser/internal/eligible"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/relation"
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Snapshot is a plan version, compiled, with the catalogue as of one revision. It never changes and is safe for
// concurrent use. Nobody may change what it points to.
type Snapshot struct {
	// Version is the number of the plan, Activation the count of publishes and roll-backs when it became active.
	Version    uint64
	Activation uint64
	Plan       *veiviser.Plan
	Stages     *stage.Set
	Response   *rank.Model
	Catalog    *Catalog
	// Contact bounds how often people are spoken to, Coherence keeps what they are told from contradicting itself.
	Contact   *eligible.Contact
	Coherence *eligible.Coherence
	// Policy is the plan's with every default filled in, Terms what counts as what comes of a decision.
	Policy veiviser.Policy
	Terms  veiviser.Terms
	// Relation is what the plan says about relationships.
	Relation *relation.Policy
	// Crisis is the plan's with every default filled in, Switches those that are on, the oldest first, without their history.
	Crisis   veiviser.Crisis
	Switches []veiviser.Switch

	published  time.Time
	compiler   *eligible.Compiler
	segments   []segment
	rungs      []rung
	placements map[string]*Placement
	eventTypes map[string]bool
	named      map[string]*entry // the items the plan names
	base       *Catalog          // of these alone
	sensitive  sensitive
	sources    map[string]bool // see [Snapshot.Source]
}

// segment is a segment with its compiled rule.
type segment struct {
	id   string
	rule *eligible.Rule
}

// Placement is a compiled placement. It never changes.
type Placement struct {
	// Placement is what the plan says.
	*veiviser.Placement
	// Room is Slots with the default filled in, Attention the placement's or the policy's cost of attention, Explore the
	// placement's or the policy's share of decisions that may try things out.
	Room      int
	Attention float64
	Explore   float64

	rule        *eligible.Rule
	kinds       kindMask
	unsureKinds kindMask
}

// Objectives of a placement.
const (
	ObjectiveProgress = "progress"
	ObjectiveCare     = "care"
	ObjectiveInform   = "inform"
)

// Sells reports whether the placement may show offers as far as its objective goes.
func (p *Placement) Sells() bool { return p.Objective == "" || p.Objective == ObjectiveProgress }

// Addresses reports whether the placement is for this audience; "" is a customer.
func (p *Placement) Addresses(audience string) bool {
	if audience == "" {
		audience = veiviser.AudienceCustomer
	}
	return len(p.Audiences) == 0 || slices.Contains(p.Audiences, audience)
}

// Allows evaluates the placement's own rule; a placement without one allows everything. A rule without a verdict does
// not allow: the placement stays silent.
func (p *Placement) Allows(f *eligible.Facts) bool {
	if p.rule == nil {
		return true
	}
	ok, err := p.rule.Eval(f)
	return ok && err == nil
}

// Compile prepares a plan for answering, with the items it names as its catalogue; see [Snapshot.With] for the items
// written beside it. It keeps p, which must not change any more. It refuses, with a [*veiviser.Error] of KindInvalid and
// INVALID_PLAN, only what makes answering impossible (see [Validate] for everything that is wrong): journeys that
// cannot be followed, and rules of segments and placements that do not compile. An item whose rule does not compile is
// never eligible.
func Compile(version uint64, p *veiviser.Plan) (*Snapshot, error) {
	stages, err := stage.Compile(p)
	if err != nil {
		return nil, err
	}
	compiler, err := eligible.NewCompiler()
	if err != nil {
		return nil, err
	}
	compiler.Tiers = p.Relationship.Tiers
	s := &Snapshot{
		Version: version, Plan: p, Stages: stages, Response: rank.Compile(p), Policy: p.Policy.WithDefaults(),
		Crisis:   p.Crisis.WithDefaults(),
		compiler: compiler, placements: make(map[string]*Placement, len(p.Placements)),
		eventTypes: map[string]bool{}, Contact: eligible.NewContact(&p.Contact), Coherence: eligible.NewCoherence(&p.Coherence),
		sensitive: sensitiveOf(p), sources: sourceSet(p),
	}
	s.Terms = s.Policy.Terms()
	for _, t := range slices.Concat(veiviser.StandardEventTypes(), p.EventTypes) {
		s.eventTypes[t] = true
	}
	var violations []veiviser.Violation
	for i := range p.Segments {
		rule, err := compiler.Compile(p.Segments[i].Rule)
		violations = appendViolations(violations, fmt.Sprintf("segments[%d].rule", i), err)
		s.segments = append(s.segments, segment{id: p.Segments[i].ID, rule: rule})
	}
	for i := range p.Placements {
		place, err := s.place(&p.Placements[i])
		violations = appendViolations(violations, fmt.Sprintf("placements[%d].rule", i), err)
		s.placements[p.Placements[i].ID] = place
	}
	violations = append(violations, s.relate()...)
	if len(violations) > 0 {
		return nil, &veiviser.Error{
			Kind: veiviser.KindInvalid, Reason: veiviser.ReasonInvalidPlan,
			Message: "the plan has rules that do not compile", Violations: violations,
		}
	}
	s.base, s.named = newCatalog(s, p.Items)
	s.Catalog = s.base
	return s, nil
}

// place compiles one placement.
func (s *Snapshot) place(src *veiviser.Placement) (*Placement, error) {
	p := &Placement{Placement: src, Room: max(src.Slots, 1), Attention: s.Policy.AttentionCost}
	if src.AttentionCost != nil {
		p.Attention = *src.AttentionCost
	}
	p.Explore = *s.Policy.Learning.Exploration
	if src.Exploration != nil {
		p.Explore = *src.Exploration
	}
	p.kinds = maskOf(src.Kinds)
	if len(src.Kinds) == 0 {
		p.kinds = anyKind
	}
	if !p.Sells() {
		p.kinds &^= maskOf([]veiviser.ItemKind{veiviser.KindOffer})
	}
	p.unsureKinds = maskOf(s.Policy.UnsureKinds)
	if src.Rule == "" {
		return p, nil
	}
	var err error
	p.rule, err = s.compiler.Compile(src.Rule)
	return p, err
}

// appendViolations adds what err says about field; nothing when err is nil.
func appendViolations(list []veiviser.Violation, field string, err error) []veiviser.Violation {
	if err == nil {
		return list
	}
	msg := err.Error()
	if e, ok := errors.AsType[*veiviser.Error](err); ok {
		msg = e.Message
	}
	return append(list, veiviser.Violation{Field: field, Message: msg})
}

// KnowsEventType reports whether t is a standard type or one the plan declares.
func (s *Snapshot) KnowsEventType(t string) bool { return s.eventTypes[t] }

// Placement finds a compiled placement by its id.
func (s *Snapshot) Placement(id string) (*Placement, bool) {
	p, ok := s.placements[id]
	return p, ok
}

// Segments are the ids of the segments that hold on f, in the order of the plan. A segment whose rule has no verdict
// does not hold.
func (s *Snapshot) Segments(f *eligible.Facts) []string {
	var in []string
	for i := range s.segments {
		if ok, err := s.segments[i].rule.Eval(f); err != nil || !ok {
			continue
		}
		if in == nil {
			in = make([]string, 0, len(s.segments)-i)
		}
		in = append(in, s.segments[i].id)
	}
	return in
}

// Profiled reports whether what a person does may be remembered and used.
func (s *Snapshot) Profiled(st *veiviser.Standing, now time.Time) bool {
	return eligible.Profiled(s.Plan.Purposes, st, now)
}

// Topic reports whether the shop has anything about a subject: an item about it or what lies below it, or a journey.
func (s *Snapshot) Topic(subject string) bool {
	set := s.Catalog.set(belowTopic, subject)
	return set.dense != nil || set.sparse != nil ||
		slices.ContainsFunc(s.Plan.Journeys, func(j veiviser.Journey) bool { return slices.Contains(j.Subjects, subject) })
}

// HasChannel reports whether a placement is in a channel.
func (s *Snapshot) HasChannel(channel string) bool {
	return slices.ContainsFunc(s.Plan.Placements, func(p veiviser.Placement) bool { return p.Channel == channel })
}

// CatalogRevision is the revision of the catalogue the snapshot holds.
func (s *Snapshot) CatalogRevision() uint64 { return s.Catalog.revision }

// Language is the plan's default language, "" when it declares none.
func (s *Snapshot) Language() string {
	if len(s.Plan.Languages) == 0 {
		return ""
	}
	return veiviser.PrimaryLanguage(s.Plan.Languages[0])
}
