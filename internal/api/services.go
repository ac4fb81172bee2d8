package api

import (
	"context"
	"time"

	"google.golang.org/grpc"

	"github.com/veiviser/veiviser/internal/decide"
	"github.com/veiviser/veiviser/internal/learn"
	"github.com/veiviser/veiviser/internal/review"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// Services is what the RPCs call. All of it must be set and safe for concurrent use.
type Services struct {
	Decider  Decider
	Recorder Recorder
	Wishes   Wishes
	Plans    Plans
	Catalog  Catalog
	Profiles Profiles
	Learning Learning
	Reviewer Reviewer
}

// Decider answers, explains, and shows visitors. [decide.Decider] is one.
type Decider interface {
	// Recommend answers a request.
	Recommend(ctx context.Context, req veiviser.Request) (*decide.Reply, error)
	// Watch sends an answer at once and whenever it changes, until ctx ends or send fails.
	Watch(ctx context.Context, req veiviser.Request, send func(*decide.Reply) error) error
	// Explain finds a decision: its answer, and its index there.
	Explain(ctx context.Context, decisionID, language string) (*decide.Reply, int, error)
	// Visitor shows a visitor as seen at a moment, now when it is zero.
	Visitor(ctx context.Context, visitorID, language string, at time.Time) (*decide.Portrait, error)
	// Export gives everything that is remembered about a visitor.
	Export(ctx context.Context, visitorID string) (*decide.Portrait, []veiviser.Answer, error)
}

// Recorder takes in what happens and forgets whom it must. [learn.Recorder] is one.
type Recorder interface {
	// Record stores events; results come in their order, with fields relative to the event.
	Record(ctx context.Context, events []veiviser.Event) ([]veiviser.EventResult, error)
	// Link makes one person of several identities.
	Link(ctx context.Context, canonical string, others []string) error
	// Erase forgets a person; found is false when nothing was remembered.
	Erase(ctx context.Context, visitorID string) (found bool, err error)
}

// Wishes takes in what visitors wish and agree to. [learn.Recorder] is one.
type Wishes interface {
	// SetDirective records a wish and gives it as recorded.
	SetDirective(ctx context.Context, visitorID string, d veiviser.Directive) (veiviser.Directive, error)
	// Directives are the wishes that hold now, oldest first.
	Directives(ctx context.Context, visitorID string) ([]veiviser.Directive, error)
	// RemoveDirective takes a wish back.
	RemoveDirective(ctx context.Context, visitorID, directiveID string) error
	// SetConsent records what she said to a purpose; it gives it as recorded, and whether that is what holds now.
	SetConsent(ctx context.Context, visitorID string, c veiviser.Consent) (veiviser.Consent, bool, error)
	// Consents are what she said, oldest first, and of each whether it is what holds now.
	Consents(ctx context.Context, visitorID string) ([]veiviser.Consent, []bool, error)
}

// Plans publishes plans. [plan.Library] is one.
type Plans interface {
	// Check says what is wrong with a plan and what publishing it would change.
	Check(p *veiviser.Plan) ([]veiviser.Violation, []veiviser.PlanChange)
	// Publish makes p the active plan; expected, when not 0, is the version that must still be active.
	Publish(ctx context.Context, p *veiviser.Plan, expected uint64, author, note string) (veiviser.PlanVersion, error)
	// RollBack makes an earlier version active again; 0 is the one before.
	RollBack(ctx context.Context, version, expected uint64) (veiviser.PlanVersion, error)
	// Segments are those of the plan that answers now; it does not wait for the store.
	Segments() ([]veiviser.Segment, error)
	// Version is a published plan; 0 is the active one.
	Version(ctx context.Context, n uint64) (veiviser.PlanVersion, error)
	// Versions are at most limit versions below before, newest first; before 0 begins with the newest.
	Versions(ctx context.Context, before uint64, limit int) ([]veiviser.PlanVersion, error)
}

// Catalog keeps the items. [plan.Library] is one.
type Catalog interface {
	// Upsert writes items; results come in their order, with fields relative to the item.
	Upsert(ctx context.Context, items []veiviser.Item) ([]veiviser.ItemResult, error)
	// Delete removes an item; etag, when not empty, must still be the item's.
	Delete(ctx context.Context, id, etag string) error
	// Item is one item.
	Item(id string) (veiviser.Item, error)
	// Items are at most limit items after an id, in the order of their ids; next is "" on the last page and total counts all
	// that fit kind and topic.
	Items(after string, limit int, kind veiviser.ItemKind, topic string) (items []veiviser.Item, next string, total int)
}

// Profiles is what was learned about segments. [learn.Learner] has it.
type Profiles interface {
	// Profiles are the profiles of all segments that have one, in any order.
	Profiles(ctx context.Context) ([]veiviser.SegmentProfile, error)
}

// Learning is what was learned from outcomes. [learn.Learner] has it.
type Learning interface {
	// Shown is what was learned as of a second or two ago; nil before anything was looked at. It does not wait for the store.
	Shown() *learn.Shown
}

// Reviewer looks back on logged decisions. [review.Reviewer] is one.
type Reviewer interface {
	// Replay makes the newest answers again, limit 0 all, and reports how it goes until it reports that it is done.
	Replay(ctx context.Context, limit int64, report func(review.Progress) error) error
	// Evaluate values a plan on logged decisions.
	Evaluate(ctx context.Context, p *veiviser.Plan, q review.Question) (review.Report, error)
	// Admit fails when the gate of the active plan does not let p be published.
	Admit(ctx context.Context, p *veiviser.Plan) error
}

// register adds the five services to s.
func register(s *grpc.Server, sv Services, v *validator, deadline time.Duration) {
	s.RegisterService(&veiviserv1.DecisionService_ServiceDesc, &decisions{decider: sv.Decider, reviewer: sv.Reviewer})
	s.RegisterService(&veiviserv1.VisitService_ServiceDesc,
		&visits{decider: sv.Decider, recorder: sv.Recorder, wishes: sv.Wishes, validator: v, deadline: deadline})
	s.RegisterService(&veiviserv1.CatalogService_ServiceDesc, &catalog{items: sv.Catalog, validator: v})
	s.RegisterService(&veiviserv1.PlanService_ServiceDesc, &plans{plans: sv.Plans, reviewer: sv.Reviewer, validator: v})
	s.RegisterService(&veiviserv1.InsightService_ServiceDesc,
		&insights{plans: sv.Plans, profiles: sv.Profiles, learning: sv.Learning, reviewer: sv.Reviewer})
}
