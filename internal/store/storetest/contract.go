package storetest

import (
	"context"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Options are what the tests ask of a store they open.
type Options struct {
	Tenant      string
	Partitions  int
	Merge       func(into, from *veiviser.Visitor)
	CallTimeout time.Duration
	Keep        func() time.Duration
	Now         func() time.Time
}

// Store is all that a store does: the sum of what decide, learn, plan and app ask of it, each in a few methods.
type Store interface {
	Server
	Visitors
	Answers
	Persons
	Learning
	Marketing
}

// Server is where state is kept.
type Server interface {
	Embedded() bool
	Ping(ctx context.Context) error
	Close() error
}

// Marketing is what marketers own.
type Marketing interface {
	Plans
	Catalog
	Switches
}

// Learning is what the learner needs.
type Learning interface {
	Outbox
	Decisions
	Lease
	Snapshots
	SettledLog
}

// Visitors keeps what is remembered of visitors.
type Visitors interface {
	Load(ctx context.Context, visitorID string, events []veiviser.Event) (veiviser.Loaded, error)
	Commit(ctx context.Context, c veiviser.Change) error
	Watch(ctx context.Context, visitorID string) (<-chan struct{}, error)
}

// Answers keeps what was answered.
type Answers interface {
	NewAnswerID(visitorID string) string
	Answer(ctx context.Context, answerID string) (owner string, answer veiviser.Answer, err error)
	Answers(ctx context.Context, visitorID string) ([]veiviser.Answer, error)
}

// Persons joins identities and forgets them.
type Persons interface {
	Link(ctx context.Context, canonical, other string) error
	Erase(ctx context.Context, visitorID string) (found bool, err error)
	FinishLinks(ctx context.Context)
}

// Plans keeps the versions of the plan.
type Plans interface {
	SavePlan(ctx context.Context, v veiviser.PlanVersion, expectActive uint64) (version uint64, err error)
	ActivatePlan(ctx context.Context, version, expectActive uint64) error
	PlanVersions(ctx context.Context, beforeVersion uint64, limit int) ([]veiviser.PlanVersion, error)
	PlanVersion(ctx context.Context, version uint64) (veiviser.PlanVersion, error)
	Head(ctx context.Context) (veiviser.Head, error)
}

// Catalog keeps the items written beside the plan.
type Catalog interface {
	UpsertItems(ctx context.Context, items []veiviser.Item, expect map[string]string) ([]veiviser.ItemResult, uint64, error)
	DeleteItem(ctx context.Context, id, etag string) (revision uint64, err error)
	ItemsSince(ctx context.Context, revision uint64) ([]veiviser.CatalogChange, uint64, error)
	ItemsAt(ctx context.Context, revision uint64) ([]veiviser.CatalogChange, error)
}

// Outbox is read by the learner.
type Outbox interface {
	ReadOutbox(ctx context.Context, positions map[int]string, limit int) ([]veiviser.OutboxEntry, error)
	TrimOutbox(ctx context.Context, positions map[int]string) error
}

// Decisions wait until the learner has seen what came of them.
type Decisions interface {
	ReadDecisions(ctx context.Context, positions map[int]string, before time.Time, limit int) ([]veiviser.OutboxEntry, error)
	TrimDecisions(ctx context.Context, positions map[int]string) error
	Now(ctx context.Context) (time.Time, error)
	People(ctx context.Context, tokens []string) (map[string]*veiviser.Visitor, error)
	LoadPerson(ctx context.Context, token string) (veiviser.Loaded, error)
}

// Lease makes one replica the learner.
type Lease interface {
	AcquireLease(ctx context.Context, owner string, ttl time.Duration) (fence int64, held bool, err error)
	ReleaseLease(ctx context.Context, owner string) error
}

// Snapshots keeps what was learned.
type Snapshots interface {
	SaveSnapshot(ctx context.Context, fence int64, state []byte, settled veiviser.Settled) error
	LoadSnapshot(ctx context.Context) ([]byte, error)
	SnapshotRevision(ctx context.Context) (uint64, error)
}

// SettledLog is read by whoever judges the decisions.
type SettledLog interface {
	MadeAnswers(ctx context.Context, before string, limit int) (ids []string, next string, err error)
	ClosedDecisions(ctx context.Context, before string, limit int) (list []veiviser.ClosedDecision, next string, err error)
	AnswersByID(ctx context.Context, ids []string) (map[string]veiviser.Answer, error)
}
