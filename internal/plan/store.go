package plan

import (
	"context"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Store is where plans and the catalogue are kept, shared by all replicas. Every error is a [*veiviser.Error];
// KindUnavailable says that the store is away.
type Store interface {
	// Head is what is active now. A store that holds nothing has the zero Head.
	Head(ctx context.Context) (veiviser.Head, error)
	Versions
	Items
	Switches
}

// Versions keeps published plans.
type Versions interface {
	// SavePlan keeps a plan as a new version, one above the newest ever, and makes it the active one; v's Version and
	// Active are not looked at. When expectActive is not 0 and another version is active, it saves nothing and fails with
	// KindConflict and PLAN_CHANGED.
	SavePlan(ctx context.Context, v veiviser.PlanVersion, expectActive uint64) (version uint64, err error)
	// ActivatePlan makes a kept version the active one; NotFound with UNKNOWN_PLAN_VERSION when there is none. expectActive
	// is as for SavePlan. Activating the version that is active already changes nothing.
	ActivatePlan(ctx context.Context, version, expectActive uint64) error
	// PlanVersion loads a version with its plan, Active filled in; NotFound with UNKNOWN_PLAN_VERSION when there is none.
	PlanVersion(ctx context.Context, version uint64) (veiviser.PlanVersion, error)
	// PlanVersions lists at most limit versions below before (0: all), newest first, Active filled in, without their plans.
	PlanVersions(ctx context.Context, before uint64, limit int) ([]veiviser.PlanVersion, error)
}

// Items keeps what is written to the catalogue beside the plan.
type Items interface {
	// UpsertItems writes items, each by itself, and gives each an etag. expect holds, by item id, the etag that the stored
	// item must have, or "" when it must not be stored; what does not fit gets ITEM_CHANGED in its result, whose Created
	// tells whether there was a stored item. revision is the catalogue's after the write.
	UpsertItems(ctx context.Context, items []veiviser.Item, expect map[string]string) (results []veiviser.ItemResult, revision uint64, err error)
	// DeleteItem deletes an item, also one that only the plan names. etag, when not "", must be the stored item's, or the
	// error is KindConflict with ITEM_CHANGED.
	DeleteItem(ctx context.Context, id, etag string) (revision uint64, err error)
	// ItemsSince are the items written or deleted after a revision, each with its last change only, with the revision they
	// lead to.
	ItemsSince(ctx context.Context, revision uint64) (changes []veiviser.CatalogChange, to uint64, err error)
}

// Switches keeps what was silenced.
type Switches interface {
	// Switches are all switches with their history, in no order.
	Switches(ctx context.Context) ([]veiviser.Switch, error)
	// PutSwitch writes a switch whose history has one entry more than what is stored; KindConflict when it has not.
	// KindExhausted with SWITCH_LIMIT when it is new and as many as limit are on. The switches named in forget are deleted.
	PutSwitch(ctx context.Context, s veiviser.Switch, limit int, forget []string) error
}
