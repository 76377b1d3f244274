/** What a request to an S3 store asks for, read off its method, path and query. */
import type { IncomingHttpHeaders } from 'node:http';

export type S3Operation =
  | 'AbortMultipartUpload'
  | 'CompleteMultipartUpload'
  | 'CopyObject'
  | 'CreateBucket'
  | 'CreateMultipartUpload'
  | 'DeleteBucket'
  | 'DeleteObject'
  | 'DeleteObjects'
  | 'GetObject'
  | 'HeadBucket'
  | 'HeadObject'
  | 'ListBuckets'
  | 'ListMultipartUploads'
  | 'ListObjects'
  | 'ListParts'
  | 'PutObject'
  | 'UploadPart'
  | 'other';

export interface S3Request {
  readonly operation: S3Operation;
  readonly bucket: string;
  /** Decoded; empty for requests about a bucket. */
  readonly key: string;
  /** 1 for the first part of an upload; 0 where it is about none. */
  readonly part: number;
  readonly headers: IncomingHttpHeaders;
  /** The first request that the proxy saw is 1, and the first of this operation is 1 of `nthOfOperation`. */
  readonly nth: number;
  readonly nthOfOperation: number;
}

/** @param url - path and query as they were sent, path style */
export function operationOf(
  method: string,
  url: string,
  headers: IncomingHttpHeaders,
): Pick<S3Request, 'operation' | 'bucket' | 'key' | 'part'> {
  const { pathname, searchParams } = new URL(url, 'http://gateway');
  const [bucket = '', ...rest] = pathname.slice(1).split('/').map(decodeURIComponent);
  const key = rest.join('/');
  const operation = key === '' ? ofBucket(method, bucket, searchParams) : ofObject(method, searchParams, headers);
  return { operation, bucket, key, part: Number(searchParams.get('partNumber') ?? 0) };
}

function ofBucket(method: string, bucket: string, query: URLSearchParams): S3Operation {
  if (bucket === '') return method === 'GET' ? 'ListBuckets' : 'other';
  if (method === 'POST') return query.has('delete') ? 'DeleteObjects' : 'other';
  if (method === 'HEAD') return 'HeadBucket';
  if (method === 'PUT') return query.size === 0 || query.has('x-id') ? 'CreateBucket' : 'other';
  if (method === 'DELETE') return 'DeleteBucket';
  if (method !== 'GET') return 'other';
  if (query.has('uploads')) return 'ListMultipartUploads';
  const isList = query.has('list-type') || query.has('prefix') || query.has('delimiter') || query.size === 0;
  return isList ? 'ListObjects' : 'other';
}

function ofObject(method: string, query: URLSearchParams, headers: IncomingHttpHeaders): S3Operation {
  switch (method) {
    case 'GET':
      return query.has('uploadId') ? 'ListParts' : 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'POST':
      if (query.has('uploads')) return 'CreateMultipartUpload';
      return query.has('uploadId') ? 'CompleteMultipartUpload' : 'other';
    case 'PUT':
      if (query.has('uploadId')) return 'UploadPart';
      return 'x-amz-copy-source' in headers ? 'CopyObject' : 'PutObject';
    case 'DELETE':
      return query.has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
    default:
      return 'other';
  }
}
