package review

import (
	"context"

	"github.com/veiviser/veiviser/internal/plan"
	"github.com/veiviser/veiviser/internal/rank"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// Log is what looking back needs of a store. Errors are [*veiviser.Error].
type Log interface {
	// MadeAnswers are the ids of answers, newest first, at most limit of them. next is where the page after this one begins,
	// "" when there is none; before "" is the first page.
	MadeAnswers(ctx context.Context, before string, limit int) (ids []string, next string, err error)
	// ClosedDecisions are parts of what came of decisions, in pages like those of MadeAnswers.
	ClosedDecisions(ctx context.Context, before string, limit int) (list []veiviser.ClosedDecision, next string, err error)
	// AnswersByID are answers by id. Those that are forgotten are missing.
	AnswersByID(ctx context.Context, ids []string) (map[string]veiviser.Answer, error)
	// ItemsAt are the items written beside the plan as they were at a revision of the catalogue; NotFound when that is not
	// known any more.
	ItemsAt(ctx context.Context, revision uint64) ([]veiviser.CatalogChange, error)
}

// Plans gives published plans. [plan.Library] is one.
type Plans interface {
	// Active is the plan that answers now; nil before anything is published.
	Active() *plan.Snapshot
	// Version is a published plan.
	Version(ctx context.Context, n uint64) (veiviser.PlanVersion, error)
}

// Reviewer looks back. It is safe for concurrent use; of replays, and of evaluations, one runs at a time.
type Reviewer struct {
	log     Log
	plans   Plans
	learned func() *rank.Learned
	// replaying and valuing hold a token while that is done.
	replaying, valuing chan struct{}
}

// New returns a reviewer; learned gives what is learned of usefulness now, nil is nothing.
func New(log Log, plans Plans, learned func() *rank.Learned) *Reviewer {
	if learned == nil {
		learned = func() *rank.Learned { return nil }
	}
	return &Reviewer{log, plans, learned, make(chan struct{}, 1), make(chan struct{}, 1)}
}

// take waits for a token.
func take(ctx context.Context, turn chan struct{}) error {
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// because is why ctx ended, when it has, and else err: a store that is interrupted only knows that it was.
func because(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
