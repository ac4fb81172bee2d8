package store_test

import (
	"os"
	"testing"

	"github.com/veiviser/veiviser/internal/store"
	"github.com/veiviser/veiviser/internal/store/storetest"
)

func TestEmbedded(t *testing.T) {
	storetest.Run(t, storetest.Target{Open: store.Open, Raw: store.Raw, Fault: store.SetFault})
}

func TestRedis(t *testing.T) {
	url := os.Getenv("VEIVISER_TEST_REDIS")
	if url == "" {
		t.Skip("set VEIVISER_TEST_REDIS to the address of a Redis to run this against it")
	}
	storetest.Run(t, storetest.Target{URL: url, Open: store.Open, Raw: store.Raw, Fault: store.SetFault})
}
