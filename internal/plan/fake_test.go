package plan

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"testing"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// fakeStore is a store in memory, as [Store] describes it.
type fakeStore struct {
	t        testing.TB
	mu       sync.Mutex
	head     veiviser.Head
	versions []veiviser.PlanVersion
	changes  map[string]veiviser.CatalogChange
	switches map[string]veiviser.Switch
	away     bool
	reads    int
	// before runs before a plan is saved, once.
	before func()
}

func newFakeStore(tb testing.TB) *fakeStore {
	tb.Helper()
	return &fakeStore{t: tb, changes: map[string]veiviser.CatalogChange{}, switches: map[string]veiviser.Switch{}}
}

// enter locks, unless the store is away.
func (s *fakeStore) enter(ctx context.Context) error {
	s.mu.Lock()
	if err := ctx.Err(); s.away || err != nil {
		s.mu.Unlock()
		return veiviser.Failed(veiviser.KindUnavailable, veiviser.ReasonStoreUnavailable, err, "the store is away")
	}
	return nil
}

func (s *fakeStore) setAway(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// through stores a value and reads it again, so that nothing is shared.
func through[T any](s *fakeStore, v T) T {
	var out T
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		s.t.Error(err)
	}
	return out
}

func (s *fakeStore) Head(ctx context.Context) (veiviser.Head, error) {
	if err := s.enter(ctx); err != nil {
		return veiviser.Head{}, err
	}
	defer s.mu.Unlock()
	s.reads++
	return s.head, nil
}

func (s *fakeStore) activate(version uint64) {
	s.head.Previous, s.head.Active = s.head.Active, version
	s.head.Activation++
}

func changedMeanwhile() error {
	return veiviser.Failed(veiviser.KindConflict, veiviser.ReasonPlanChanged, nil, "another version was published meanwhile")
}

func (s *fakeStore) SavePlan(ctx context.Context, v veiviser.PlanVersion, expect uint64) (uint64, error) {
	if s.before != nil {
		before := s.before
		s.before = nil
		before()
	}
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	if expect != 0 && expect != s.head.Active {
		return 0, changedMeanwhile()
	}
	v.Version, v.Active = uint64(len(s.versions)+1), false
	s.versions = append(s.versions, through(s, v))
	s.activate(v.Version)
	return v.Version, nil
}

func (s *fakeStore) ActivatePlan(ctx context.Context, version, expect uint64) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	switch {
	case expect != 0 && expect != s.head.Active:
		return changedMeanwhile()
	case version == 0 || version > uint64(len(s.versions)):
		return veiviser.NotFound(veiviser.ReasonUnknownVersion, "version", "no version %d", version)
	case version != s.head.Active:
		s.activate(version)
	}
	return nil
}

func (s *fakeStore) PlanVersion(ctx context.Context, version uint64) (veiviser.PlanVersion, error) {
	if err := s.enter(ctx); err != nil {
		return veiviser.PlanVersion{}, err
	}
	defer s.mu.Unlock()
	s.reads++
	if version == 0 || version > uint64(len(s.versions)) {
		return veiviser.PlanVersion{}, veiviser.NotFound(veiviser.ReasonUnknownVersion, "version", "no version %d", version)
	}
	v := through(s, s.versions[version-1])
	v.Active = version == s.head.Active
	return v, nil
}

func (s *fakeStore) PlanVersions(ctx context.Context, before uint64, limit int) ([]veiviser.PlanVersion, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var out []veiviser.PlanVersion
	for i := len(s.versions) - 1; i >= 0 && len(out) < limit; i-- {
		if v := s.versions[i]; before == 0 || v.Version < before {
			v.Plan, v.Active = veiviser.Plan{}, v.Version == s.head.Active
			out = append(out, v)
		}
	}
	return out, nil
}

// write writes one item if the stored one is as expected.
func (s *fakeStore) write(ch veiviser.CatalogChange, expect string, checked bool) (revision uint64, created bool) {
	was, ok := s.changes[ch.Item.ID]
	live := ok && !was.Deleted
	if checked && !(expect == "" && !live || live && expect == was.Item.Etag) {
		return 0, false
	}
	s.head.Catalog++
	ch.Revision, ch.Activation = s.head.Catalog, s.head.Activation
	if !ch.Deleted {
		ch.Item.Etag = strconv.FormatUint(ch.Revision, 10)
	}
	s.changes[ch.Item.ID] = ch
	return ch.Revision, !live
}

func (s *fakeStore) UpsertItems(ctx context.Context, items []veiviser.Item, expect map[string]string) ([]veiviser.ItemResult, uint64, error) {
	if err := s.enter(ctx); err != nil {
		return nil, 0, err
	}
	defer s.mu.Unlock()
	results := make([]veiviser.ItemResult, len(items))
	for i := range items {
		want, checked := expect[items[i].ID]
		revision, created := s.write(veiviser.CatalogChange{Item: through(s, items[i])}, want, checked)
		results[i] = veiviser.ItemResult{ID: items[i].ID, Created: created, Etag: strconv.FormatUint(revision, 10)}
		if revision == 0 {
			results[i].Err = itemChanged()
		}
	}
	return results, s.head.Catalog, nil
}

func (s *fakeStore) DeleteItem(ctx context.Context, id, etag string) (uint64, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	revision, _ := s.write(veiviser.CatalogChange{Item: veiviser.Item{ID: id}, Deleted: true}, etag, etag != "")
	if revision == 0 {
		return 0, itemChanged()
	}
	return revision, nil
}

func (s *fakeStore) ItemsSince(ctx context.Context, revision uint64) ([]veiviser.CatalogChange, uint64, error) {
	if err := s.enter(ctx); err != nil {
		return nil, 0, err
	}
	defer s.mu.Unlock()
	s.reads++
	var out []veiviser.CatalogChange
	for _, ch := range s.changes {
		if ch.Revision > revision {
			out = append(out, ch)
		}
	}
	return out, s.head.Catalog, nil
}
