// Small kernels whose only purpose is to prove that the host shim finds mistakes.

// Each thread reads what its right neighbour wrote, with or without the barrier.
extern "C" __global__ void neighbour(int with_barrier, double* out)
{
    __shared__ double row[64];
    row[threadIdx.x] = threadIdx.x;
    if (with_barrier) {
        __syncthreads();
    }
    out[threadIdx.x] = row[(threadIdx.x + 1) % blockDim.x];
}

// The last entry of shared memory is never written.
extern "C" __global__ void forgotten_initialisation(double* out)
{
    __shared__ double row[64];
    if (threadIdx.x + 1 < blockDim.x) {
        row[threadIdx.x] = 1.0;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        double total = 0.0;
        for (unsigned int i = 0; i < blockDim.x; ++i) {
            total += row[i];
        }
        out[blockIdx.x] = total;
    }
}

// Half of the threads return before the barrier that the others reach.
extern "C" __global__ void early_return(double* out)
{
    if (threadIdx.x >= blockDim.x / 2) {
        return;
    }
    __syncthreads();
    out[threadIdx.x] = 1.0;
}

// Lane 0 waits for its warp while the other lanes wait for the block.
extern "C" __global__ void two_barriers(double* out)
{
    if (threadIdx.x == 0) {
        out[0] = __shfl_down_sync(0xffffffffu, 1.0, 1);
    } else {
        __syncthreads();
    }
}
