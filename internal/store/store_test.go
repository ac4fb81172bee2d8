package store_test

import (
	"context"
	"os"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/store/storetest"
)

// target opens stores at url; "" is the embedded server.
func target(url string) storetest.Target {
	return storetest.Target{
		Shared: url != "",
		Open: func(ctx context.Context, o storetest.Options) (storetest.Store, error) {
			return store.Open(ctx, store.Options{
				URL: url, Tenant: o.Tenant, Partitions: o.Partitions, Merge: o.Merge, Now: o.Now,
				CallTimeout: o.CallTimeout, BulkTimeout: o.CallTimeout, Keep: o.Keep,
			})
		},
		Raw: func(s storetest.Store) redis.UniversalClient { return store.Raw(own(s)) },
		Fault: func(s storetest.Store, f func(step string) error) {
			store.SetFault(own(s), f)
		},
	}
}

// own is the store that target opened.
func own(s storetest.Store) *store.Store {
	o, ok := s.(*store.Store)
	if !ok {
		panic("not a store of this package")
	}
	return o
}

func TestEmbedded(t *testing.T) { storetest.Run(t, target("")) }

func TestRedis(t *testing.T) {
	url := os.Getenv("VEIVISER_TEST_REDIS")
	if url == "" {
		t.Skip("set VEIVISER_TEST_REDIS to the address of a Redis to run this against it")
	}
	storetest.Run(t, target(url))
}
